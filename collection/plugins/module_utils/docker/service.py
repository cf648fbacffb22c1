# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The systemd unit that runs dockerd."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from ansible_collections.weft.overlay.plugins.module_utils.weft.docker.errors import BridgeError
from ansible_collections.weft.overlay.plugins.module_utils.weft.system.programs import run_program

SYSTEMD_RUNS = Path("/run/systemd/system")  # sd_booted(3)

_JOURNAL_LINES = 8
# Restart= of the unit: after a failure systemd tries again, until its start limit.
_RESTART_TIMEOUT = 30  # seconds


class ServiceError(BridgeError):
    """A systemctl or dockerd command failed; after a start, the message has the last log lines."""


class DockerService:
    """dockerd's unit; ``timeout`` is the timeout of a stop or a start in seconds."""

    def __init__(self, unit: str, timeout: int) -> None:
        self.unit = unit
        self._timeout = timeout

    def is_active(self) -> bool:
        """Return whether dockerd runs."""
        return self._state() == "active"

    def is_enabled(self) -> bool:
        """Return whether systemd starts dockerd at boot."""
        return self._systemctl("is-enabled", self.unit).stdout.strip() == "enabled"

    def enable(self) -> None:
        """Enable the start of dockerd at boot. Raises ServiceError."""
        self._checked("enable", self.unit)

    def dependents(self) -> tuple[str, ...]:
        """Return the active units that systemd stops together with this one."""
        properties = [f"--property={name}" for name in ("RequiredBy", "BoundBy", "ConsistsOf")]
        names = self._systemctl("show", "--value", *properties, self.unit).stdout.split()
        return tuple(name for name in dict.fromkeys(names) if self._state(name) == "active")

    def check_options(self, command: Sequence[str]) -> None:
        """Raise ServiceError if dockerd refuses the options of ``command`` or of daemon.json.

        dockerd checks them since version 23 (``--validate``); an older version is not checked.
        """
        if not command:
            return
        try:
            if "--validate" not in _run([command[0], "--help"], self._timeout).stdout:
                return
            done = _run([*command, "--validate"], self._timeout)
        except OSError as error:
            raise ServiceError(f"dockerd's options cannot be checked: {error}") from error
        if done.returncode:
            raise ServiceError(f"dockerd refuses its options: {_one_line(done.stderr)}")

    def stop(self) -> None:
        """Stop dockerd and its socket unit, which would start it again. Raises ServiceError."""
        self._checked("stop", *self._sockets(), self.unit)

    def start(self) -> None:
        """Start dockerd. Raises ServiceError."""
        self._systemctl("reset-failed", self.unit, *self._sockets())
        since = int(time.time())
        try:
            self._checked("start", self.unit)
        except ServiceError as error:
            if not self._waits_until_active():
                raise ServiceError(f"{error}: {self._journal(since)}") from error

    def start_units(self, units: Sequence[str]) -> None:
        """Start other units. Raises ServiceError."""
        if units:
            self._checked("start", *units)

    def reload_units(self) -> None:
        """Reload the unit files. Raises ServiceError."""
        self._checked("daemon-reload")

    def _checked(self, *words: str) -> None:
        done = self._systemctl(*words)
        if done.returncode:
            first = _one_line(done.stderr.partition("\n")[0])
            raise ServiceError(f"systemctl {' '.join(words)} failed: {first}")

    def _waits_until_active(self) -> bool:
        end = time.monotonic() + _RESTART_TIMEOUT
        while time.monotonic() < end:
            state = self._state()
            if state in ("active", "failed", "inactive"):
                return state == "active"
            time.sleep(0.5)
        return False

    def _state(self, unit: str | None = None) -> str:
        show = ("show", "--value", "--property=ActiveState", unit or self.unit)
        return self._systemctl(*show).stdout.strip()

    def _sockets(self) -> list[str]:
        show = ("show", "--value", "--property=TriggeredBy", self.unit)
        return self._systemctl(*show).stdout.split()

    def _journal(self, since: int) -> str:
        """Return dockerd's last log lines since a time in seconds since the epoch."""
        done = _run(
            [
                *("journalctl", "--no-pager", "--output=cat", f"--lines={_JOURNAL_LINES}"),
                *(f"--since=@{since}", f"_SYSTEMD_UNIT={self.unit}"),
            ],
            self._timeout,
        )
        return done.stdout.strip() or "dockerd logged nothing"

    def _systemctl(self, *words: str) -> subprocess.CompletedProcess[str]:
        return _run(["systemctl", *words], self._timeout)


def _run(command: Sequence[str], timeout: int) -> subprocess.CompletedProcess[str]:
    try:
        return run_program(command, timeout)
    except subprocess.TimeoutExpired as error:
        raise ServiceError(f"{' '.join(command)} took longer than {timeout} s") from error


def _one_line(text: str) -> str:
    return " ".join(text.split())
