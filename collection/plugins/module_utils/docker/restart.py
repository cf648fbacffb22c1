# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Restarting dockerd with care: what it stops comes back, and what does not start goes back.

    record -> validate -> stop -> start -> start what is missing -> compare
                   |                |
                   |                +-- fails --> the files and the address of before -> start
                   +-- fails --> the files of before; nothing was stopped

The record of what ran is on the disk before anything stops, so that a second run resumes what an
interrupted one left.
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
    write_atomically,
)

from .bridge import parse_bridge
from .carrier import read_daemon_json
from .containers import Container, Moved, losses, moved, outstanding, start_order
from .drop_in import once_path, render_drop_in
from .engine import Engine
from .fallback import Fallback, parse_fallback
from .interruption import Interruption, parse_interruption, serialise_interruption
from .service import DockerService, ServiceError
from .settings import BridgeSettings
from .text_files import Move, read_text, read_texts, write_texts

_NO_ANSWER = (OSError, http.client.HTTPException, ValueError)
_SECRET = 0o600  # daemon.json may hold a proxy's password


class RestartError(BridgeError):
    """dockerd or a container did not come back as it was.

    ``recovered`` tells that dockerd runs with its options of before, and the containers too.
    """

    def __init__(self, message: str, *, recovered: bool = False) -> None:
        super().__init__(message)
        self.recovered = recovered


@dataclass(frozen=True, slots=True)
class Places:
    """Where dockerd's configuration, the fallback and the record of what ran lie."""

    daemon_json: Path
    record: Path
    fallback: Path | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a restart did: the containers that weft started, and addresses that moved."""

    changed: bool
    restarted: bool = False
    containers: Sequence[Container] = ()
    started: Sequence[str] = ()
    moved: Sequence[Moved] = ()


@dataclass(frozen=True, slots=True)
class DockerHost:
    """The edges: dockerd's API and unit, what ``ip -4`` prints of the bridge, and a file's move."""

    engine: Engine
    service: DockerService
    bridge: str
    links: Callable[[], str]
    move: Move


class Restart:
    """One restart, or the end of one that was interrupted."""

    def __init__(self, host: DockerHost, places: Places) -> None:
        self.host = host
        self.places = places
        self._interruption = Interruption()
        self._restored = False

    def preview(self) -> list[Container]:
        """Return the containers that a restart would stop, in the order of their start.

        Raises BridgeError.
        """
        return start_order(self._running())

    def run(self, bip: IPv4Interface | None = None) -> Outcome:
        """Restart dockerd; with ``bip`` its bridge takes that address for want of a configured one.

        Raises RestartError, and BridgeError before anything was touched.
        """
        running = self._running()
        self._record(running)
        try:
            self.host.service.refuse_invalid(self._invocation().words())
        except ServiceError as error:
            raise self._without_restart(error) from error
        try:
            self._stop(running)
            self._start(bip)
        except (BridgeError, OSError) as error:
            raise self._back(error) from error
        return self._finish(self._interruption.containers, restarted=True)

    def resume(self) -> Outcome:
        """Start dockerd if it is down, and what an interrupted restart left stopped.

        Raises RestartError, and BridgeError before anything was touched.
        """
        if not self.would_resume():
            return Outcome(changed=False)
        active = self.host.service.is_active()
        self._record(self._running())
        if not active:
            try:
                self._start(None)
            except (BridgeError, OSError) as error:
                raise self._back(error) from error
        recorded = self._interruption.containers
        left = outstanding(recorded, self._inspect(recorded))
        return self._finish(left, restarted=not active)

    def left_stopped(self) -> list[Container]:
        """Return the containers that `resume` would start. Raises BridgeError."""
        earlier = self._earlier()
        return start_order(outstanding(earlier.containers, self._now(earlier))) if earlier else []

    def would_resume(self) -> bool:
        """Whether `resume` has anything to do."""
        records = (self.places.record, self.places.fallback)
        return not self.host.service.is_active() or any(path and path.exists() for path in records)

    def _running(self) -> list[Container]:
        if not self.host.service.is_active():
            return []
        try:
            return self.host.engine.running()
        except _NO_ANSWER as error:
            raise RestartError(
                f"dockerd runs and does not tell its containers ({error}): nothing was stopped; "
                "give the socket that it listens on"
            ) from error

    def _earlier(self) -> Interruption | None:
        text = read_text(self.places.record)
        return None if text is None else parse_interruption(text, self.places.record)

    def _now(self, earlier: Interruption) -> Mapping[str, Container | None]:
        """Return the containers of an earlier restart as they are; all stopped without dockerd."""
        if self.host.service.is_active():
            return self._inspect(earlier.containers)
        return {entry.identifier: replace(entry, running=False) for entry in earlier.containers}

    def _record(self, running: Sequence[Container]) -> None:
        """Put on the disk what runs, together with what an earlier restart still owes."""
        bridge = parse_bridge(self.host.links(), self.host.bridge)
        interruption = Interruption(
            tuple(running), self.host.service.dependents(), bridge.addresses
        )
        if earlier := self._earlier():
            interruption = interruption.resumed(earlier, self._now(earlier))
        path = self.places.record
        path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        write_atomically(path, serialise_interruption(interruption).encode(), _SECRET)
        self._interruption = interruption

    def _stop(self, running: Sequence[Container]) -> None:
        """Stop dockerd and, where that would not stop them, the containers.

        dockerd does not set up its bridge anew while containers run (moby, daemon_unix.go).
        """
        try:
            if running and self.host.engine.keeps_containers():
                for container in reversed(start_order(running)):
                    self.host.engine.stop(container.identifier)
        except _NO_ANSWER as error:
            raise ServiceError(f"a container does not stop: {error}") from error
        self.host.service.stop()

    def _start(self, bip: IPv4Interface | None) -> None:
        """Start dockerd, with ``bip`` for this start alone."""
        if bip is None or self._gives_bip():
            self.host.service.start()
            return
        path = once_path(self.host.service.unit)
        text = render_drop_in(path, self._invocation(), BridgeSettings(bip))
        path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        write_atomically(path, text.encode())
        try:
            self.host.service.reload_units()
            self.host.service.start()
        finally:
            path.unlink(missing_ok=True)
            self.host.service.reload_units()

    def _invocation(self) -> Invocation:
        unit = self.host.service.unit
        return read_invocation(unit, without=[once_path(unit)])

    def _gives_bip(self) -> bool:
        path = self.places.daemon_json
        keys = keys_given(path, read_daemon_json(path, read_text(path)).values())
        given = {entry.option for entry in [*flags_given(self._invocation()), *keys]}
        return bool(given & {"bip", "bridge"})

    def _without_restart(self, error: ServiceError) -> RestartError:
        """Put the files back under a dockerd that runs on."""
        self._restore()
        self._forget()
        return RestartError(f"{error}. Nothing was stopped{self._restored_words()}", recovered=True)

    def _back(self, error: Exception) -> RestartError:
        """Give dockerd its options and its bridge of before, start it, and say how that went."""
        former = next(iter(self._interruption.bridge), None)
        try:
            self._restore()
            self.host.service.stop()
            self._start(former)
        except (BridgeError, OSError) as again:
            return RestartError(
                f"{error}. The way back failed, too: {again}. Docker is down: mend its options and "
                "run the play again, which starts it and what ran"
            )
        try:
            self._finish(self._interruption.containers, restarted=True)
        except RestartError as incomplete:
            return RestartError(f"{error}. It runs{self._restored_words()}, but {incomplete}")
        return RestartError(
            f"{error}. It runs again{self._restored_words()}, with its containers", recovered=True
        )

    def _restored_words(self) -> str:
        return ", and its options are those of before" if self._restored else ""

    def _restore(self) -> None:
        """Put back the files of before the change, byte for byte, if they are the change's."""
        if (fallback := self._fallback()) is None:
            return
        now = read_texts(fallback.after)
        if foreign := fallback.is_foreign(now):
            raise RestartError(
                f"{', '.join(map(str, foreign))} was changed since by somebody else, so it stays; "
                f"what it held before is in {self.places.fallback}"
            )
        changes = {path: text for path, text in fallback.before.items() if text != now[path]}
        write_texts(changes, self.host.move)
        self.host.service.reload_units()
        self._restored = True

    def _fallback(self) -> Fallback | None:
        path = self.places.fallback
        text = None if path is None else read_text(path)
        return None if path is None or text is None else parse_fallback(text, path)

    def _inspect(self, containers: Sequence[Container]) -> dict[str, Container | None]:
        engine = self.host.engine
        try:
            return {entry.identifier: engine.inspect(entry.identifier) for entry in containers}
        except _NO_ANSWER as error:
            raise RestartError(f"dockerd does not tell its containers: {error}") from error

    def _finish(self, expected: Sequence[Container], *, restarted: bool) -> Outcome:
        """Start what has not come back, and compare. Raises RestartError if something is missing.

        A container that cannot be started stays on record, for the next run.
        """
        recorded = self._interruption.containers
        started, failures = [], []
        for container in start_order(outstanding(recorded, self._inspect(recorded))):
            try:
                self.host.engine.start(container.identifier)
                started.append(container.name)
            except _NO_ANSWER as error:
                failures.append(f"{container.name} does not start: {error}")
        try:
            self.host.service.start_units(self._interruption.units)
        except ServiceError as error:
            failures.append(str(error))
        now = self._inspect(recorded)
        if not failures:
            self._forget()
        if problems := failures or losses(expected, now):
            raise RestartError(
                f"dockerd runs and not all came back: {'; '.join(problems)}. "
                "Mend it and run the play again"
            )
        return Outcome(True, restarted, tuple(expected), tuple(started), moved(expected, now))

    def _forget(self) -> None:
        self.places.record.unlink(missing_ok=True)
        if self.places.fallback:
            self.places.fallback.unlink(missing_ok=True)
