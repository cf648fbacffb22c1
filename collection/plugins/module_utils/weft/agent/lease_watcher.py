# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The thread that watches etcd and holds the current view of network and leases."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from ipaddress import IPv4Network

from ..host.lease_view import LeaseView
from ..model.lease import Lease
from ..store.client import StoreClient
from ..store.events import (
    EntryInvalid,
    Interrupted,
    LeaseDeleted,
    LeaseWritten,
    Listed,
    NetworkWritten,
    Resumed,
    WatchEvent,
)
from ..store.lease_watch import LeaseWatch

_log = logging.getLogger(__name__)


class LeaseWatcher(threading.Thread):
    """Applies every watch event to the current view, then calls on_update.

    Other threads read `view` and `problem`; this thread replaces them.
    """

    def __init__(self, store: StoreClient, view: LeaseView, on_update: Callable[[], None]) -> None:
        super().__init__(name="lease watcher", daemon=True)
        self._watch = LeaseWatch(store)
        self._on_update = on_update
        self.view = view
        """The current view, the only one that the agent holds."""
        self.problem: str | None = None
        """Why etcd is unreachable; None while the watch is open."""

    def run(self) -> None:
        """Watch etcd until stopped."""
        for event in self._watch:
            match event:
                case Interrupted(reason, _):
                    if self.problem is None:
                        _log.warning(
                            "etcd unreachable (%s); continuing with the last known leases", reason
                        )
                    self.problem = reason
                case Resumed(endpoint):
                    _log.info("watching etcd at %s", endpoint)
                    self.problem = None
            self.view = apply_event(self.view, event)
            self._on_update()

    def stop(self) -> None:
        """End the thread; a request in progress delays this by at most its timeout."""
        self._watch.stop()


def apply_event(view: LeaseView, event: WatchEvent) -> LeaseView:  # noqa: PLR0911 - one row an event
    """Return the view after a watch event."""
    match event:
        case Listed(snapshot):
            listed = {lease.subnet: lease for lease in snapshot.leases}
            return LeaseView(snapshot.network, listed, snapshot.revision)
        case NetworkWritten(network):
            revision = network.mod_revision if network else view.revision
            return replace(view, network=network, revision=revision)
        case LeaseWritten(lease):
            written = {**view.leases, lease.subnet: lease}
            return replace(view, leases=written, revision=lease.mod_revision)
        case LeaseDeleted(subnet, ipv6_subnet, revision):
            held = view.leases.get(subnet)
            # A host that becomes dual-stack writes its new key before it deletes the old one.
            gone = held is not None and held.ipv6_subnet == ipv6_subnet
            left = _without(view, subnet) if gone else view.leases
            return replace(view, leases=left, revision=revision)
        case EntryInvalid(entry) if entry.subnet is not None:
            return replace(view, leases=_without(view, entry.subnet))
        case Interrupted():
            return replace(view, stale=True)
        case Resumed():
            return replace(view, stale=False)
        case _:
            return view


def _without(view: LeaseView, subnet: IPv4Network) -> dict[IPv4Network, Lease]:
    return {held: lease for held, lease in view.leases.items() if held != subnet}
