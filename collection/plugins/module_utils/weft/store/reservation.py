# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reserving subnets and giving them back: list, decide, write; again when another was faster."""

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

    Without ``ttl`` a lease never expires; with it, it does after so many seconds unless it is
    renewed. ``keep_expiry`` leaves leases that a host already holds as they are in this respect.
    ``may_move`` lets a host that asks for another subnet give up the one that it holds.
    """

    ttl: int | None = None
    keep_expiry: bool = False
    may_move: bool = False


@dataclass(frozen=True, slots=True)
class Reservation:
    """What one host held before, if anything, and what it holds now, or would hold.

    ``expires`` tells whether ``after`` has a time to live, known before it is written.
    """

    request: Request
    before: Lease | None
    after: Lease
    expires: bool

    @property
    def changed(self) -> bool:
        """Tell whether the store differs from what it was for this host."""
        before = self.before
        return before is None or before != self.after or before.is_reservation == self.expires


def plan_reservations(
    prefix: str, snapshot: Snapshot, requests: Sequence[Request], settings: ReservationSettings
) -> tuple[tuple[Reservation, ...], tuple[LeaseChange, ...]]:
    """Decide from *snapshot* alone what each host gets, and what has to be written for it.

    Raises NoNetworkError, NetworkError and AllocationError.
    """
    if snapshot.network is None:
        raise NoNetworkError(
            f"The store holds no network at {config_key(prefix)}; publish it first, "
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
        after, ttl = _wanted(assignment, settings)
        expires = ttl is not None or not after.is_reservation
        reservations.append(Reservation(assignment.request, held, after, expires))
        if held is None or assignment.moves or held.is_reservation == expires:
            changes.append(LeaseChange(held, after, ttl))
    return tuple(reservations), tuple(changes)


def reserve(
    store: StoreClient, requests: Sequence[Request], settings: ReservationSettings | None = None
) -> tuple[Reservation, ...]:
    """Give every request its subnet in *store*; what is as it should be is not written.

    ``before`` of the results is the state at the first look. Raises what plan_reservations raises,
    and StoreError.
    """
    settings = settings or ReservationSettings()
    held_at_first: dict[Request, Lease | None] = {}

    def attempt() -> tuple[Reservation, ...]:
        snapshot = store.snapshot()
        reservations, changes = plan_reservations(store.prefix, snapshot, requests, settings)
        for reservation in reservations:
            held_at_first.setdefault(reservation.request, reservation.before)
        written = {lease.public_ip: lease for lease in store.commit(changes, snapshot)}
        return tuple(
            replace(
                reservation,
                before=held_at_first[reservation.request],
                after=written.get(reservation.request.public_ip, reservation.after),
            )
            for reservation in reservations
        )

    return _until_won(attempt)


def plan_release(snapshot: Snapshot, requests: Sequence[Request]) -> tuple[Lease, ...]:
    """Return the leases that the hosts give back: all of a public IP, or the one it asks for."""
    wanted = {request.public_ip: request.subnet for request in requests}
    return tuple(
        lease
        for lease in snapshot.leases
        if lease.public_ip in wanted and wanted[lease.public_ip] in (None, lease.subnet)
    )


def release(store: StoreClient, requests: Sequence[Request]) -> tuple[Lease, ...]:
    """Delete the leases of the hosts from *store* and return them. Raises StoreError."""
    released: dict[Lease, None] = {}

    def attempt() -> tuple[Lease, ...]:
        leases = plan_release(store.snapshot(), requests)
        released.update(dict.fromkeys(leases))
        store.commit([LeaseChange(lease, None) for lease in leases])
        return tuple(released)

    return _until_won(attempt)


def _until_won(attempt: Callable[[], tuple[T, ...]]) -> tuple[T, ...]:
    pauses = backoff(0.02, 1.0)
    for _attempt in range(_ATTEMPTS - 1):
        try:
            return attempt()
        except WriteConflictError:
            time.sleep(next(pauses))
    return attempt()


def _wanted(assignment: Assignment, settings: ReservationSettings) -> tuple[Lease, int | None]:
    """Return the lease as it should stand, and the seconds of a new etcd lease to put it on."""
    held = assignment.held
    if held is None:
        return Lease(assignment.subnet, assignment.request.public_ip), settings.ttl
    lease = replace(held, subnet=assignment.subnet)
    # A time to live that runs already is renewed by the host itself.
    if settings.keep_expiry or held.is_reservation == (settings.ttl is None):
        return lease, None
    return replace(lease, lease_id=0), settings.ttl
