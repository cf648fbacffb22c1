# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The endless lease watch: resumes after a broken stream, lists again if history is missing."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

from ..system.backoff import backoff
from .client import StoreClient
from .errors import HistoryLostError, StoreError, StoreUnavailableError
from .events import Interrupted, Listed, Resumed, WatchEvent, translate_event
from .stream import WatchStream

# Seconds that a stream must have lasted for its failure not to prolong the pauses.
_STABLE = 10.0


class LeaseWatch:
    """An endless iterator over the changes under the prefix of *store*.

    It begins with Listed, or with the changes after *from_revision*. A broken stream is resumed at
    the next revision; if etcd no longer has that revision, or was restored, Listed comes again.
    ``stop`` may be called from any thread: the iteration ends at once, or, while etcd is
    unreachable, within the timeout of the settings.
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
                reason = error.reason if isinstance(error, StoreUnavailableError) else str(error)
                yield Interrupted(reason, pause)
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
                    translated = translate_event(self._store.prefix, event)
                    if translated is not None:
                        yield translated
                self._next = revision + 1
        finally:
            self._stream = None
            stream.close()
