# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The thread that manages this host's own lease: reserve if allowed, renew, write its data.

A reservation has no expiry and needs no renewal. An etcd lease is renewed after a third of its TTL;
flannel renews an hour before expiry.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network

from ..backends.plan import LeaseData
from ..host.lease_view import LeaseView
from ..host.settings import LeaseSettings
from ..model.allocation import AllocationError, Request
from ..model.lease import Lease, serialise_lease
from ..model.network import NetworkError
from ..store.client import StoreClient
from ..store.errors import LeaseExpiredError, StoreError, StoreRefusedError, WriteConflictError
from ..store.reservation import ReservationSettings, reserve
from ..store.transaction import LeaseChange

_log = logging.getLogger(__name__)

_RETRY_SECONDS = 10.0
_RENEWALS_PER_TTL = 3
# A failed renewal has taken up to the timeout of a request: with a short TTL, little is left.
_RETRIES_PER_TTL = 6


class LeaseManager(threading.Thread):
    """Manages the lease of this host's public IP, as of the agent's last pass.

    A host without a lease requests the subnet that it had last, by last_known at start, since its
    containers may still use it. Calls on_problem with the reason why this host has no lease, or
    with None.
    """

    def __init__(
        self,
        store: StoreClient,
        policy: LeaseSettings,
        hostname: str,
        on_problem: Callable[[str | None], None],
        last_known: LeaseView | None = None,
    ) -> None:
        super().__init__(name="lease manager", daemon=True)
        self._store = store
        self._policy = policy
        self._hostname = hostname
        self._on_problem = on_problem
        self._wake = threading.Event()
        self._stopped = False
        self._public_ip: IPv4Address | None = None
        self._view = LeaseView(stale=True)
        self._lease_data: LeaseData | None = None
        self._last_held = last_known or self._view
        # The etcd lease renewed last, its TTL in seconds, and when the next renewal is due.
        self._renewed = 0
        self._ttl = policy.ttl
        self._due = 0.0

    def update(
        self,
        public_ip: IPv4Address | None,
        view: LeaseView,
        lease_data: LeaseData | None = None,
    ) -> None:
        """Set public IP, view and lease data of the agent's last pass; None: not known."""
        known = (self._public_ip, self._lease_data)
        if view is not self._view or (public_ip, lease_data) != known:
            self._public_ip, self._view, self._lease_data = public_ip, view, lease_data
            self._wake.set()

    def stop(self) -> None:
        """End the thread."""
        self._stopped = True
        self._wake.set()

    def run(self) -> None:
        """Manage the lease until stopped."""
        pause: float | None = None
        while not self._stopped:
            self._wake.wait(pause)
            self._wake.clear()
            try:
                pause = self._manage()
            except (StoreError, AllocationError, NetworkError) as error:
                self._on_problem(str(error))
                pause = self._until_retry()

    def _manage(self) -> float | None:
        """Do what is due; return the seconds until something is due again, None for never."""
        public_ip, view = self._public_ip, self._view
        if public_ip is None or view.stale or view.network is None:
            return None
        network = view.network.parse()
        own = view.own_lease(public_ip, network.network)
        if own is None:
            return self._reserve(public_ip, network.network)
        self._last_held = view
        # Renewed first: a lease must not expire because its data cannot be written.
        due = None if own.is_reservation else self._renew(own)
        self._write_data(own)
        self._on_problem(None)
        return due

    def _reserve(self, public_ip: IPv4Address, within: IPv4Network) -> float | None:
        if not self._policy.reserve:
            self._on_problem(
                f"no lease is held by {public_ip}: reserve a subnet for it (the module "
                "weft.overlay.subnet_reservation, or site.yml), or set lease.reserve"
            )
            return None
        last = self._last_held.own_lease(public_ip, within)
        request = Request(self._hostname, public_ip, previous=last.subnet if last else None)
        settings = ReservationSettings(self._policy.ttl, keep_expiry=True)
        try:
            (reservation,) = reserve(self._store, [request], settings)
        except StoreRefusedError as error:
            # The etcd role of a host permits only the subnet that it had.
            conflicting = self._view.conflicting_leases(last) if last else ()
            lost = "".join(f", {one.public_ip} has {one.subnet} now" for one in conflicting)
            self._on_problem(
                f"no lease is held by {public_ip}{lost}, and etcd does not permit this host to "
                f"reserve another subnet: reserve one with site.yml ({error})"
            )
            return _RETRY_SECONDS
        _log.info("reserved %s for %s", reservation.after.subnet, public_ip)
        return None  # the lease watcher receives the new lease

    def _write_data(self, own: Lease) -> None:
        lease_data = self._lease_data
        if lease_data is None or lease_data.matches(own):
            return
        after = replace(
            own,
            backend_type=lease_data.backend_type,
            backend_data=lease_data.backend_data,
        )
        # After a concurrent write, the watch reports the new lease, which wakes this thread.
        with contextlib.suppress(WriteConflictError):
            self._store.commit([LeaseChange(own, after)])
            _log.info("wrote the lease %s: %s", own.subnet, serialise_lease(after))

    def _renew(self, own: Lease) -> float:
        """Renew the lease if due; return the seconds until the next renewal."""
        now = time.monotonic()
        if own.lease_id == self._renewed and now < self._due:
            return self._due - now
        try:
            self._ttl = self._store.keep_alive(own.lease_id)
        except LeaseExpiredError:
            _log.warning("the lease %s has expired", own.subnet)
            return self._until_retry()
        pause = self._ttl / _RENEWALS_PER_TTL
        self._renewed, self._due = own.lease_id, now + pause
        return pause

    def _until_retry(self) -> float:
        if self._ttl is None:
            return _RETRY_SECONDS
        return min(_RETRY_SECONDS, self._ttl / _RETRIES_PER_TTL)
