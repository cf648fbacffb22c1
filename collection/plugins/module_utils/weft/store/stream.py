# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One watch stream of one endpoint: the changes under the prefix from a revision on."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from .connection import store_error
from .errors import HistoryLostError, StoreUnavailableError
from .events import KeyEvent
from .grpc_channel import CallError, EtcdChannel, Message
from .settings import Endpoint, StoreSettings
from .transaction import prefix_end

_DELETE = 1  # kv.proto: mvccpb.Event.EventType


class WatchStream:
    """The changes under the prefix since a revision, as one endpoint sends them.

    Iterating yields the events of one or more revisions at a time, with the revision up to which
    all changes were sent. It ends by raising StoreUnavailableError, StoreRefusedError or
    HistoryLostError. ``cluster_id`` names the cluster in which the revisions count; 0 accepts any.
    ``close`` ends it from any thread.
    """

    def __init__(
        self, settings: StoreSettings, endpoint: Endpoint, start_revision: int, cluster_id: int
    ) -> None:
        self.endpoint = endpoint
        self._settings = settings
        self.cluster_id = cluster_id
        self._start = start_revision
        key = f"{settings.prefix}/".encode()
        with self._store_errors():
            self._channel = EtcdChannel(settings, endpoint, settings.timeout)
            self._responses = self._channel.watch(
                {
                    "key": key,
                    "range_end": prefix_end(key),
                    "start_revision": start_revision,
                    "progress_notify": True,
                }
            )
        self._await_created(settings.timeout)

    def __iter__(self) -> Iterator[tuple[tuple[KeyEvent, ...], int]]:
        with self._store_errors():
            for response in self._responses:
                self._check(response)
                events = tuple(map(_key_event, response["events"]))
                # A response without events reports progress: all up to its revision was sent.
                yield events, events[-1].mod_revision if events else response["header"]["revision"]
        self._ended()

    def close(self) -> None:
        """End the stream; an iteration that is under way raises StoreUnavailableError."""
        self._responses.cancel()
        self._channel.close()

    def _await_created(self, timeout: float) -> None:
        late = threading.Timer(timeout, self._responses.cancel)
        late.daemon = True
        late.start()
        try:
            with self._store_errors():
                for response in self._responses:
                    self._check(response)
                    self._check_history(response["header"])
                    return
            self._ended()
        except BaseException:
            self.close()
            raise
        finally:
            late.cancel()

    def _check_history(self, header: Message) -> None:
        # A restored etcd counts its revisions again, and may already have passed the one seen.
        cluster_id, revision = header["cluster_id"], header["revision"]
        if self.cluster_id not in (0, cluster_id):
            raise HistoryLostError(
                f"etcd at {self.endpoint} belongs to cluster {cluster_id:x}, before it was "
                f"{self.cluster_id:x}: etcd was restored from a backup."
            )
        self.cluster_id = cluster_id
        if revision < self._start - 1:
            raise HistoryLostError(
                f"etcd at {self.endpoint} is at revision {revision}, older than "
                f"{self._start - 1} seen before: etcd was restored, or this member lags behind."
            )

    def _check(self, response: Message) -> None:
        if response["compact_revision"]:
            raise HistoryLostError(
                f"etcd at {self.endpoint} has compacted its history up to revision "
                f"{response['compact_revision']}."
            )
        if response["canceled"]:
            reason = response["cancel_reason"] or "no reason given"
            raise StoreUnavailableError(f"{self.endpoint} cancelled the watch: {reason}")

    def _ended(self) -> NoReturn:
        raise StoreUnavailableError(f"{self.endpoint} ended the watch")

    @contextmanager
    def _store_errors(self) -> Iterator[None]:
        try:
            yield
        except CallError as error:
            raise store_error(self._settings, self.endpoint, error) from error


def _key_event(event: Message) -> KeyEvent:
    kv = event["kv"]
    return KeyEvent(
        key=kv["key"],
        value=None if event["type"] == _DELETE else kv["value"],
        lease_id=kv["lease"],
        mod_revision=kv["mod_revision"],
    )
