# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The leases as a table: how old each is, and when it ends."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from ...module_utils.weft.weftctl.formatting import format_duration
from .fleet import Fleet, Lease

# flannel grants a lease for 24 hours and renews it an hour before its end (its pkg/subnet/etcdv2
# and pkg/subnet/subnet.go): less than half of that hour left is a renewal that failed.
_ENDS_SOON = 1800


@dataclass(frozen=True, slots=True)
class LeaseRow:
    """One lease. left is the share of its time that is left, from 0 to 1; None without an end."""

    subnet: str
    holder: str
    known: bool
    public_ip: str
    backend: str
    kind: str
    expiry: str
    age: str
    left: float | None
    remarks: tuple[str, ...]


def list_leases(fleet: Fleet) -> tuple[LeaseRow, ...] | None:
    """All leases, the next to expire first, then by subnet; None where they are not known."""
    if fleet.leases is None:
        return None
    counts = Counter(lease.public_ip for lease in fleet.leases)
    ordered = sorted(
        fleet.leases,
        key=lambda lease: (
            lease.reservation,
            lease.remaining if lease.remaining is not None else 2**31,
            lease.subnet,
        ),
    )
    return tuple(_row(fleet, lease, counts[lease.public_ip]) for lease in ordered)


def _row(fleet: Fleet, lease: Lease, of_this_ip: int) -> LeaseRow:
    name = fleet.name_of(lease.public_ip)
    remarks = []
    if name is None:
        remarks.append("its public IP is of no host of the inventory")
    if of_this_ip > 1:
        remarks.append(f"{lease.public_ip} holds {of_this_ip} leases")
    if lease.remaining is not None and lease.remaining < _ENDS_SOON:
        remarks.append("ends soon: its host does not renew it")
    left = (
        min(1.0, lease.remaining / lease.granted)
        if lease.remaining is not None and lease.granted
        else None
    )
    return LeaseRow(
        subnet=str(lease.subnet),
        holder=name or "unknown",
        known=name is not None,
        public_ip=lease.public_ip,
        backend=lease.backend,
        kind="reservation" if lease.reservation else "lease",
        expiry=_expiry(lease),
        age=_age(fleet, lease),
        left=left,
        remarks=tuple(remarks),
    )


def _expiry(lease: Lease) -> str:
    if lease.reservation:
        return "never"
    return "unknown" if lease.remaining is None else f"in {format_duration(lease.remaining)}"


def _age(fleet: Fleet, lease: Lease) -> str:
    """What the store tells: the time since a renewal, or the revision of the last writing."""
    if lease.granted and lease.remaining is not None:
        return f"renewed {format_duration(lease.granted - lease.remaining)} ago"
    if lease.revision is None:
        return "unknown"
    behind = (fleet.revision or lease.revision) - lease.revision
    since = f"{behind} revision{'s' if behind > 1 else ''} ago" if behind else "the last"
    return f"written at revision {lease.revision}, {since}"
