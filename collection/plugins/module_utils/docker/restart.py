# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A restart of dockerd that starts its containers again, with a rollback if dockerd fails.

    record -> validate -> stop -> start -> start stopped containers -> compare
                   |                |
                   |                +-- fails --> restore files and bridge address -> start
                   +-- fails --> restore files; nothing was stopped

The record of the running containers is written to disk before any is stopped, so that a second run
resumes an interrupted restart.
"""

from __future__ import annotations

import http.client
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv4Interface
from pathlib import Path

from ansible_collections.weft.overlay.plugins.module_utils.weft.docker.conflicts import (
    flags_given,
    keys_given,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.docker.errors import BridgeError
from ansible_collections.weft.overlay.plugins.module_utils.weft.docker.invocation import (
    Invocation,
    read_invocation,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.system.files import (
    make_directories,
    write_atomically,
)

from .bridge import parse_bridge
from .config_files import MoveFile, read_text, read_texts, write_texts
from .containers import (
    AddressChange,
    Container,
    address_changes,
    losses,
    start_order,
    still_stopped,
)
from .drop_in import render_drop_in, temporary_drop_in_path
from .engine import EngineClient
from .restart_record import RestartRecord, parse_restart_record, serialise_restart_record
from .saved_files import SavedFiles, parse_saved_files
from .service import DockerService, ServiceError
from .settings import BridgeSettings
from .settings_files import read_daemon_json

_NO_ANSWER = (OSError, http.client.HTTPException, ValueError)
_SECRET = 0o600  # daemon.json may hold a proxy's password


class RestartError(BridgeError):
    """dockerd or a container is not running as before.

    ``recovered``: whether the rollback succeeded, that is dockerd and its containers run with the
    previous options.
    """

    def __init__(self, message: str, *, recovered: bool = False) -> None:
        super().__init__(message)
        self.recovered = recovered


@dataclass(frozen=True, slots=True)
class RestartPaths:
    """The paths of daemon.json, the restart record, and the saved files (``fallback``)."""

    daemon_json: Path
    record: Path
    fallback: Path | None = None


@dataclass(frozen=True, slots=True)
class RestartResult:
    """The result of a restart; ``started`` are the containers that weft has started."""

    changed: bool
    restarted: bool = False
    containers: Sequence[Container] = ()
    started: Sequence[str] = ()
    address_changes: Sequence[AddressChange] = ()


@dataclass(frozen=True, slots=True)
class DockerHost:
    """The I/O of a restart: dockerd's API, its unit, the output of ``ip -4``, moving files."""

    engine: EngineClient
    service: DockerService
    bridge: str
    links: Callable[[], str]
    move: MoveFile


class Restart:
    """A restart, or the completion of an interrupted one."""

    def __init__(self, host: DockerHost, paths: RestartPaths) -> None:
        self.host = host
        self.paths = paths
        self._interrupted = RestartRecord()
        self._restored = False

    def preview(self) -> list[Container]:
        """Return the containers that a restart would stop, in the order of their start.

        Raises BridgeError.
        """
        return start_order(self._running())

    def run(self, bip: IPv4Interface | None = None) -> RestartResult:
        """Restart dockerd; ``bip`` is the bridge's address if none is configured.

        Raises RestartError, and BridgeError before anything was changed.
        """
        running = self._running()
        self._write_record(running)
        try:
            self.host.service.check_options(self._invocation().words())
        except ServiceError as error:
            raise self._options_refused(error) from error
        try:
            self._stop(running)
            self._start(bip)
        except (BridgeError, OSError) as error:
            raise self._roll_back(error) from error
        return self._finish(self._interrupted.containers, restarted=True)

    def resume(self) -> RestartResult:
        """Start dockerd if it is stopped, and the containers that an interrupted restart stopped.

        Raises RestartError, and BridgeError before anything was changed.
        """
        if not self.would_resume():
            return RestartResult(changed=False)
        active = self.host.service.is_active()
        self._write_record(self._running())
        if not active:
            try:
                self._start(None)
            except (BridgeError, OSError) as error:
                raise self._roll_back(error) from error
        recorded = self._interrupted.containers
        left = still_stopped(recorded, self._inspect(recorded))
        return self._finish(left, restarted=not active)

    def left_stopped(self) -> list[Container]:
        """Return the containers that `resume` would start. Raises BridgeError."""
        earlier = self._earlier()
        return start_order(still_stopped(earlier.containers, self._now(earlier))) if earlier else []

    def would_resume(self) -> bool:
        """Return whether `resume` would change anything."""
        records = (self.paths.record, self.paths.fallback)
        return not self.host.service.is_active() or any(path and path.exists() for path in records)

    def _running(self) -> list[Container]:
        if not self.host.service.is_active():
            return []
        try:
            return self.host.engine.running()
        except _NO_ANSWER as error:
            raise RestartError(
                f"dockerd runs, but its API cannot list the containers ({error}). Nothing was "
                "stopped. Set socket to the Unix socket of dockerd's API."
            ) from error

    def _earlier(self) -> RestartRecord | None:
        text = read_text(self.paths.record)
        return None if text is None else parse_restart_record(text, self.paths.record)

    def _now(self, earlier: RestartRecord) -> Mapping[str, Container | None]:
        """Return the current state of recorded containers: all stopped if dockerd is."""
        if self.host.service.is_active():
            return self._inspect(earlier.containers)
        return {entry.identifier: replace(entry, running=False) for entry in earlier.containers}

    def _write_record(self, running: Sequence[Container]) -> None:
        """Record the running containers and those that an earlier restart has left stopped."""
        bridge = parse_bridge(self.host.links(), self.host.bridge)
        record = RestartRecord(tuple(running), self.host.service.dependents(), bridge.addresses)
        if earlier := self._earlier():
            record = record.merged_with(earlier, self._now(earlier))
        path = self.paths.record
        make_directories(path.parent)
        write_atomically(path, serialise_restart_record(record).encode(), _SECRET)
        self._interrupted = record

    def _stop(self, running: Sequence[Container]) -> None:
        """Stop dockerd and, with ``live-restore``, the containers.

        dockerd does not reconfigure its bridge while containers run (moby, daemon_unix.go).
        """
        try:
            if running and self.host.engine.live_restore_enabled():
                for container in reversed(start_order(running)):
                    self.host.engine.stop(container.identifier)
        except _NO_ANSWER as error:
            raise ServiceError(f"a container cannot be stopped: {error}") from error
        self.host.service.stop()

    def _start(self, bip: IPv4Interface | None) -> None:
        """Start dockerd; ``bip`` applies to this start only."""
        if bip is None or self._has_bip():
            self.host.service.start()
            return
        path = temporary_drop_in_path(self.host.service.unit)
        text = render_drop_in(path, self._invocation(), BridgeSettings(bip))
        make_directories(path.parent)
        write_atomically(path, text.encode())
        try:
            self.host.service.reload_units()
            self.host.service.start()
        finally:
            path.unlink(missing_ok=True)
            self.host.service.reload_units()

    def _invocation(self) -> Invocation:
        unit = self.host.service.unit
        return read_invocation(unit, without=[temporary_drop_in_path(unit)])

    def _has_bip(self) -> bool:
        path = self.paths.daemon_json
        keys = keys_given(path, read_daemon_json(path, read_text(path)).values())
        given = {entry.option for entry in [*flags_given(self._invocation()), *keys]}
        return bool(given & {"bip", "bridge"})

    def _options_refused(self, error: ServiceError) -> RestartError:
        """Restore the files while dockerd keeps running, and return the error to raise."""
        self._restore()
        self._delete_records()
        return RestartError(f"{error}. Nothing was stopped{self._restored_text()}", recovered=True)

    def _roll_back(self, error: Exception) -> RestartError:
        """Restore files and bridge address, start dockerd, and return the error to raise."""
        previous = next(iter(self._interrupted.bridge), None)
        try:
            self._restore()
            self.host.service.stop()
            self._start(previous)
        except (BridgeError, OSError) as again:
            return RestartError(
                f"{error}. The rollback failed, too: {again}. Docker is stopped. Fix its options "
                "and run the play again, which starts Docker and its containers."
            )
        try:
            self._finish(self._interrupted.containers, restarted=True)
        except RestartError as incomplete:
            return RestartError(
                f"{error}. Docker was started again{self._restored_text()}, but {incomplete}"
            )
        return RestartError(
            f"{error}. Docker and its containers were started again{self._restored_text()}",
            recovered=True,
        )

    def _restored_text(self) -> str:
        return ", and the previous options are restored" if self._restored else ""

    def _restore(self) -> None:
        """Restore the saved files byte for byte, unless they were changed since."""
        if (saved := self._saved_files()) is None:
            return
        now = read_texts(saved.after)
        if changed := saved.changed_since(now):
            raise RestartError(
                f"{', '.join(map(str, changed))} was changed by another program and is not "
                f"restored; its previous content is in {self.paths.fallback}"
            )
        changes = {path: text for path, text in saved.before.items() if text != now[path]}
        write_texts(changes, self.host.move)
        self.host.service.reload_units()
        self._restored = True

    def _saved_files(self) -> SavedFiles | None:
        path = self.paths.fallback
        text = None if path is None else read_text(path)
        return None if path is None or text is None else parse_saved_files(text, path)

    def _inspect(self, containers: Sequence[Container]) -> dict[str, Container | None]:
        engine = self.host.engine
        try:
            return {entry.identifier: engine.inspect(entry.identifier) for entry in containers}
        except _NO_ANSWER as error:
            raise RestartError(f"dockerd's API cannot inspect the containers: {error}") from error

    def _finish(self, expected: Sequence[Container], *, restarted: bool) -> RestartResult:
        """Start the recorded containers that are stopped, and compare them with the record.

        Raises RestartError if something is missing. The record is then kept for the next run.
        """
        recorded = self._interrupted.containers
        started, failures = [], []
        for container in start_order(still_stopped(recorded, self._inspect(recorded))):
            try:
                self.host.engine.start(container.identifier)
                started.append(container.name)
            except _NO_ANSWER as error:
                failures.append(f"{container.name} cannot be started: {error}")
        try:
            self.host.service.start_units(self._interrupted.units)
        except ServiceError as error:
            failures.append(str(error))
        now = self._inspect(recorded)
        if not failures:
            self._delete_records()
        if problems := failures or losses(expected, now):
            raise RestartError(
                f"dockerd runs, but not all containers are as before: {'; '.join(problems)}. "
                "Fix this and run the play again."
            )
        return RestartResult(
            True, restarted, tuple(expected), tuple(started), address_changes(expected, now)
        )

    def _delete_records(self) -> None:
        self.paths.record.unlink(missing_ok=True)
        if self.paths.fallback:
            self.paths.fallback.unlink(missing_ok=True)
