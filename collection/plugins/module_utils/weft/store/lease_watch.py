# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Watching the store without end: resumes after a broken stream, lists again after lost history."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from typing import TypeAlias

from ..model.lease import Lease, LeaseError, config_key, parse_subnet_key
from ..model.snapshot import InvalidEntry, Snapshot, StoredNetwork, parse_entry
from ..system.backoff import backoff
from .client import (
    KeyEvent,
    StoreClient,
    WatchStream,
)
from .errors import HistoryLostError, StoreError

# Seconds that a stream must have lasted for its break not to count as the next of a row.
_STABLE = 10.0


@dataclass(frozen=True, slots=True)
class Listed:
    """The whole state: it replaces everything known before."""

    snapshot: Snapshot


@dataclass(frozen=True, slots=True)
class LeaseWritten:
    """A lease was created or rewritten."""

    lease: Lease


@dataclass(frozen=True, slots=True)
class LeaseDeleted:
    """The lease of ``subnet`` was deleted or has expired."""

    subnet: IPv4Network
    ipv6_subnet: IPv6Network | None
    revision: int


@dataclass(frozen=True, slots=True)
class NetworkWritten:
    """The configuration was written, or removed (None)."""

    network: StoredNetwork | None


@dataclass(frozen=True, slots=True)
class EntryInvalid:
    """Something that is no lease was written among the leases; a lease that was there is void."""

    entry: InvalidEntry


@dataclass(frozen=True, slots=True)
class Interrupted:
    """The watch broke for ``reason`` and is taken up again in ``retry_in`` seconds."""

    reason: str
    retry_in: float


@dataclass(frozen=True, slots=True)
class Resumed:
    """The stream runs, at ``endpoint``. Should history be missing, Listed follows after all."""

    endpoint: str


WatchEvent: TypeAlias = (
    Listed | LeaseWritten | LeaseDeleted | NetworkWritten | EntryInvalid | Interrupted | Resumed
)


class LeaseWatch:
    """An endless iterator over the changes under a store's prefix.

    It begins with Listed, or with what came after *from_revision*. A broken stream is resumed at
    the next revision; where the store no longer has it, or is a restored one, Listed
    comes again. ``stop`` may be called from any thread: the iteration ends at once, or, while the
    store is out of reach, within its timeout.
    """

    def __init__(
        self,
        store: StoreClient,
        from_revision: int | None = None,
        *,
        pauses: Callable[[], Iterator[float]] = backoff,
    ) -> None:
        self._store = store
        self._next = None if from_revision is None else from_revision + 1
        self._cluster_id = 0
        self._pauses = pauses
        self._stopped = threading.Event()
        self._stream: WatchStream | None = None

    def stop(self) -> None:
        """End the iteration."""
        self._stopped.set()
        stream = self._stream
        if stream is not None:
            stream.close()

    def __iter__(self) -> Iterator[WatchEvent]:
        pauses = self._pauses()
        while not self._stopped.is_set():
            begun = time.monotonic()
            try:
                for event in self._until_broken():
                    if self._stopped.is_set():
                        return
                    yield event
            except StoreError as error:
                if self._stopped.is_set():
                    return
                if isinstance(error, HistoryLostError):
                    self._next = None
                if time.monotonic() - begun > _STABLE:
                    pauses = self._pauses()
                pause = next(pauses, 0.0)
                yield Interrupted(str(error), pause)
                self._stopped.wait(pause)

    def _until_broken(self) -> Iterator[WatchEvent]:
        if self._next is None:
            snapshot = self._store.snapshot()
            self._next = snapshot.revision + 1
            self._cluster_id = snapshot.cluster_id
            yield Listed(snapshot)
        stream = self._stream = self._store.open_watch(self._next, self._cluster_id)
        try:
            self._cluster_id = stream.cluster_id
            yield Resumed(str(stream.endpoint))
            for events, revision in stream:
                for event in events:
                    translated = self._translate(event)
                    if translated is not None:
                        yield translated
                self._next = revision + 1
        finally:
            self._stream = None
            stream.close()

    def _translate(self, event: KeyEvent) -> WatchEvent | None:
        prefix = self._store.prefix
        key = event.key.decode(errors="replace")
        if key == config_key(prefix):
            if event.value is None:
                return NetworkWritten(None)
            text = event.value.decode(errors="replace")
            return NetworkWritten(StoredNetwork(text, event.mod_revision))
        if event.value is None:
            try:
                subnet, ipv6_subnet = parse_subnet_key(prefix, key)
            except LeaseError:
                return None
            return LeaseDeleted(subnet, ipv6_subnet, event.mod_revision)
        entry = parse_entry(
            prefix,
            event.key,
            event.value,
            lease_id=event.lease_id,
            mod_revision=event.mod_revision,
        )
        if isinstance(entry, Lease):
            return LeaseWritten(entry)
        return EntryInvalid(entry)
