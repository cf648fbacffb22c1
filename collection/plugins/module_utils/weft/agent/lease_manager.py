# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The thread that keeps this host's own lease: reserves one where that is allowed, and renews it.

A reservation has no expiry and needs nothing. A lease of etcd is kept alive when a third of its
time is over, where flannel writes a new one an hour before the end: it never comes close.
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
from ..host.settings import LeasePolicy
from ..model.allocation import AllocationError, Request
from ..model.lease import Lease, serialise_lease
from ..model.network import NetworkError
from ..store.client import StoreClient
from ..store.errors import LeaseExpiredError, StoreError, StoreRefusedError, WriteConflictError
from ..store.reservation import ReservationSettings, reserve
from ..store.transaction import LeaseChange

_log = logging.getLogger(__name__)

_RETRY_SECONDS = 10.0
_RENEWALS_PER_LIFE = 3
# What is left of a short life when a renewal fails, and has waited for the store, is little.
_RETRIES_PER_LIFE = 6


class LeaseManager(threading.Thread):
    """Keeps the lease of the public IP that it was last told, by the view that it was last given.

    A host without a lease asks for the subnet that it had last, by kept at its start: its
    containers may still be there. Calls report(problem) when what keeps this host without a lease
    changes; None is well.
    """

    def __init__(
        self,
        store: StoreClient,
        policy: LeasePolicy,
        name: str,
        report: Callable[[str | None], None],
        kept: LeaseView | None = None,
    ) -> None:
        super().__init__(name="lease manager", daemon=True)
        self._store = store
        self._policy = policy
        self._host = name
        self._report = report
        self._wake = threading.Event()
        self._stopped = False
        self._public_ip: IPv4Address | None = None
        self._view = LeaseView(stale=True)
        self._lease_data: LeaseData | None = None
        self._last_held = kept or self._view
        # The etcd lease that was renewed last, for how many seconds, and when it is due again.
        self._renewed = 0
        self._granted = policy.ttl
        self._due = 0.0

    def update(
        self,
        public_ip: IPv4Address | None,
        view: LeaseView,
        lease_data: LeaseData | None = None,
    ) -> None:
        """Give the newest public IP and view, and what the lease is to say, if that is known."""
        known = (self._public_ip, self._lease_data)
        if view is not self._view or (public_ip, lease_data) != known:
            self._public_ip, self._view, self._lease_data = public_ip, view, lease_data
            self._wake.set()

    def stop(self) -> None:
        """End the thread's work."""
        self._stopped = True
        self._wake.set()

    def run(self) -> None:
        """Keep the lease until stopped."""
        pause: float | None = None
        while not self._stopped:
            self._wake.wait(pause)
            self._wake.clear()
            try:
                pause = self._keep()
            except (StoreError, AllocationError, NetworkError) as error:
                self._report(str(error))
                pause = self._until_retry()

    def _keep(self) -> float | None:
        """Do what is due; the seconds until something is due again, None for never."""
        public_ip, view = self._public_ip, self._view
        if public_ip is None or view.stale or view.network is None:
            return None
        network = view.network.parse()
        own = view.own_lease(public_ip, network.network)
        if own is None:
            return self._without_lease(public_ip, network.network)
        self._last_held = view
        # First: a lease must not expire because its lease_data cannot be written.
        due = None if own.is_reservation else self._keep_alive(own)
        self._announce(own)
        self._report(None)
        return due

    def _without_lease(self, public_ip: IPv4Address, within: IPv4Network) -> float | None:
        if not self._policy.reserve:
            self._report(
                f"no lease is held by {public_ip}: reserve a subnet for it (the module "
                "weft.overlay.subnet_reservation, or site.yml), or set lease.reserve"
            )
            return None
        last = self._last_held.own_lease(public_ip, within)
        request = Request(self._host, public_ip, previous=last.subnet if last else None)
        settings = ReservationSettings(self._policy.ttl, keep_expiry=True)
        try:
            (reservation,) = reserve(self._store, [request], settings)
        except StoreRefusedError as error:
            # By its identity a host of the fleet may take the subnet that it had, and no other.
            rivals = self._view.conflicting_leases(last) if last else ()
            lost = "".join(f", {one.public_ip} has {one.subnet} now" for one in rivals)
            self._report(
                f"no lease is held by {public_ip}{lost}, and the store lets this host take no "
                f"other: reserve a subnet for it by site.yml ({error})"
            )
            return _RETRY_SECONDS
        _log.info("reserved %s for %s", reservation.after.subnet, public_ip)
        return None  # the watch brings it

    def _announce(self, own: Lease) -> None:
        lease_data = self._lease_data
        if lease_data is None or lease_data.matches(own):
            return
        after = replace(
            own,
            backend_type=lease_data.backend_type,
            backend_data=lease_data.backend_data,
        )
        # Who was faster wakes this thread again, with the lease as it is now.
        with contextlib.suppress(WriteConflictError):
            self._store.commit([LeaseChange(own, after)])
            _log.info("the lease of %s says %s", own.subnet, serialise_lease(after))

    def _keep_alive(self, own: Lease) -> float:
        """Renew the lease where that is due; the seconds until it is again."""
        now = time.monotonic()
        if own.lease_id == self._renewed and now < self._due:
            return self._due - now
        try:
            self._granted = self._store.keep_alive(own.lease_id)
        except LeaseExpiredError:
            _log.warning("the lease of %s has expired", own.subnet)
            return self._until_retry()
        pause = self._granted / _RENEWALS_PER_LIFE
        self._renewed, self._due = own.lease_id, now + pause
        return pause

    def _until_retry(self) -> float:
        if self._granted is None:
            return _RETRY_SECONDS
        return min(_RETRY_SECONDS, self._granted / _RETRIES_PER_LIFE)
