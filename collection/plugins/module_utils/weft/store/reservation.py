# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reserving and releasing subnets: read, decide, write; again after a write conflict."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from ..model.allocation import Assignment, Request, allocate
from ..model.lease import Lease, config_key
from ..model.snapshot import Snapshot
from ..system.backoff import backoff
from .client import StoreClient
from .errors import NoNetworkError, WriteConflictError
from .transaction import LeaseChange

T = TypeVar("T")

_ATTEMPTS = 30


@dataclass(frozen=True, slots=True)
class ReservationSettings:
    """How subnets are reserved.

    Without ``ttl`` a lease never expires; with it, a lease expires after so many seconds unless it
    is renewed. ``keep_expiry`` does not change this for leases that a host already holds.
    ``may_move`` allows a host to change from the subnet that it holds to the one that it requests.
    """

    ttl: int | None = None
    keep_expiry: bool = False
    may_move: bool = False


@dataclass(frozen=True, slots=True)
class Reservation:
    """The lease of one host before, if any, and after, or as it would be.

    ``expires``: ``after`` has a time to live, known before it is written.
    """

    request: Request
    before: Lease | None
    after: Lease
    expires: bool

    @property
    def changed(self) -> bool:
        """Whether the lease in etcd was changed for this host."""
        before = self.before
        return before is None or before != self.after or before.is_reservation == self.expires


def plan_reservations(
    prefix: str, snapshot: Snapshot, requests: Sequence[Request], settings: ReservationSettings
) -> tuple[tuple[Reservation, ...], tuple[LeaseChange, ...]]:
    """Return the reservation of each host, and the changes to write, from *snapshot* alone.

    Raises NoNetworkError, NetworkError and AllocationError.
    """
    if snapshot.network is None:
        raise NoNetworkError(
            f"etcd has no network configuration at {config_key(prefix)}. Publish it first, "
            "with the module weft.overlay.network."
        )
    assignments = allocate(
        snapshot.network.parse(),
        snapshot.leases,
        requests,
        blocked=snapshot.blocked,
        may_move=settings.may_move,
    )
    reservations = []
    changes = []
    for assignment in assignments:
        held = assignment.held
        after, ttl = _wanted_lease(assignment, settings)
        expires = ttl is not None or not after.is_reservation
        reservations.append(Reservation(assignment.request, held, after, expires))
        if (
            held is None
            or assignment.moves
            or assignment.readdresses
            or held.is_reservation == expires
        ):
            changes.append(LeaseChange(held, after, ttl))
    return tuple(reservations), tuple(changes)


def reserve(
    store: StoreClient, requests: Sequence[Request], settings: ReservationSettings | None = None
) -> tuple[Reservation, ...]:
    """Reserve a subnet for each request; leases that need no change are not written.

    ``before`` of the results is the state at the first read. Raises the errors of
    plan_reservations, and StoreError.
    """
    settings = settings or ReservationSettings()
    first_held: dict[Request, Lease | None] = {}

    def attempt() -> tuple[Reservation, ...]:
        snapshot = store.snapshot()
        reservations, changes = plan_reservations(store.prefix, snapshot, requests, settings)
        for reservation in reservations:
            first_held.setdefault(reservation.request, reservation.before)
        written = {lease.public_ip: lease for lease in store.commit(changes, snapshot)}
        return tuple(
            replace(
                reservation,
                before=first_held[reservation.request],
                after=written.get(reservation.request.public_ip, reservation.after),
            )
            for reservation in reservations
        )

    return _retry_conflicts(attempt)


def plan_release(snapshot: Snapshot, requests: Sequence[Request]) -> tuple[Lease, ...]:
    """Return the leases to release: all of a public IP, or those of the subnets that it names."""
    return tuple(
        lease
        for lease in snapshot.leases
        if any(
            request.public_ip == lease.public_ip and request.subnet in (None, lease.subnet)
            for request in requests
        )
    )


def release(store: StoreClient, requests: Sequence[Request]) -> tuple[Lease, ...]:
    """Delete the leases of the hosts and return them. Raises StoreError."""
    released: dict[Lease, None] = {}

    def attempt() -> tuple[Lease, ...]:
        leases = plan_release(store.snapshot(), requests)
        released.update(dict.fromkeys(leases))
        store.commit([LeaseChange(lease, None) for lease in leases])
        return tuple(released)

    return _retry_conflicts(attempt)


def _retry_conflicts(attempt: Callable[[], tuple[T, ...]]) -> tuple[T, ...]:
    pauses = backoff(0.02, 1.0)
    for _attempt in range(_ATTEMPTS - 1):
        try:
            return attempt()
        except WriteConflictError:
            time.sleep(next(pauses))
    return attempt()


def _wanted_lease(
    assignment: Assignment, settings: ReservationSettings
) -> tuple[Lease, int | None]:
    """Return the wanted lease, and the TTL in seconds of a new etcd lease to attach it to."""
    held = assignment.held
    if held is None:
        return Lease(assignment.subnet, assignment.request.public_ip), settings.ttl
    lease = replace(held, subnet=assignment.subnet, public_ip=assignment.request.public_ip)
    # The agent of the host renews a running time to live.
    if settings.keep_expiry or held.is_reservation == (settings.ttl is None):
        return lease, None
    return replace(lease, lease_id=0), settings.ttl
