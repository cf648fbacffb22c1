# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tells whether etcd must be restarted to apply its configuration or package. No I/O."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping

_PREFIX = "ETCD_"

# etcd reads these only at the first start of a member, to form or join a cluster.
_FORMING = "ETCD_INITIAL_CLUSTER"

_CA_FILES = ("ETCD_TRUSTED_CA_FILE", "ETCD_PEER_TRUSTED_CA_FILE")


def parse_settings(text: str) -> dict[str, str]:
    """Return the ETCD_ variables of an environment file (systemd.exec(5), EnvironmentFile=)."""
    lines = (line.strip() for line in text.splitlines())
    pairs = (line.partition("=") for line in lines if line.startswith(_PREFIX))
    return {name.strip(): value.strip().strip("\"'") for name, _equals, value in pairs}


def parse_unit_environment(text: str) -> dict[str, str]:
    """Return the ETCD_ variables of what ``systemctl show --property=Environment`` prints."""
    pairs = (word.partition("=") for word in shlex.split(text) if word.startswith(_PREFIX))
    return {name: value for name, _equals, value in pairs}


def parse_environment(block: bytes) -> dict[str, str]:
    """Return the ETCD_ variables of a process's environment (proc(5), /proc/PID/environ)."""
    entries = (entry.partition("=") for entry in block.decode(errors="replace").split("\0"))
    return {name: value for name, _equals, value in entries if name.startswith(_PREFIX)}


def parse_start(text: str) -> float | None:
    """Return the time that ``systemctl show --timestamp=unix`` prints, in seconds since 1970.

    None if the unit has not started.
    """
    return float(text[1:]) if text.startswith("@") else None


def ca_files_changed(
    settings: Mapping[str, str], started: float, written: Callable[[str], float]
) -> bool:
    """Tell whether a CA file was written after the start, when etcd reads them.

    *written* returns a file's modification time in seconds since 1970. The key and the certificate
    are read for each connection (etcd: client/pkg/transport/listener.go, baseConfig).
    """
    files = {settings[name] for name in _CA_FILES if name in settings}
    # The start time is in whole seconds.
    return any(int(written(path)) > started for path in files)


def restart_reasons(
    settings: Mapping[str, str], running: Mapping[str, str], executable: str
) -> tuple[str, ...]:
    """Return why the process must be restarted, as clauses; none if it is up to date.

    *executable* is the target of /proc/PID/exe; the kernel marks a replaced file as deleted.
    """
    names = sorted(
        name
        for name in settings.keys() | running.keys()
        if not name.startswith(_FORMING) and settings.get(name) != running.get(name)
    )
    reasons = [
        f"{name} is {running.get(name)!r}, configured {settings.get(name)!r}" for name in names
    ]
    if executable.endswith(" (deleted)"):
        reasons.append("another version of etcd was installed after it started")
    return tuple(reasons)
