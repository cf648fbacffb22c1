# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of the leases, with their age and expiry."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from ...module_utils.weft.weftctl.formatting import format_duration
from .fleet import Fleet, Lease

# flannel's leases last 24 hours and are renewed an hour before they expire (pkg/subnet/etcdv2 and
# pkg/subnet/subnet.go): if less than half an hour is left, the renewal has failed.
_EXPIRES_SOON = 1800


@dataclass(frozen=True, slots=True)
class LeaseRow:
    """One lease. left is the remaining share of its time, from 0 to 1; None for a reservation."""

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
    """Return all leases, the next to expire first, then by subnet; None if they are unknown."""
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
        remarks.append("no host of the inventory has its public IP")
    if of_this_ip > 1:
        remarks.append(f"{lease.public_ip} holds {of_this_ip} leases")
    if lease.remaining is not None and lease.remaining < _EXPIRES_SOON:
        remarks.append("expires soon: its host does not renew it")
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
    """Return the time since the last renewal, or the revision of the last write."""
    if lease.granted and lease.remaining is not None:
        return f"renewed {format_duration(lease.granted - lease.remaining)} ago"
    if lease.revision is None:
        return "unknown"
    behind = (fleet.revision or lease.revision) - lease.revision
    since = f"{behind} revision{'s' if behind > 1 else ''} ago" if behind else "the latest"
    return f"written at revision {lease.revision}, {since}"
