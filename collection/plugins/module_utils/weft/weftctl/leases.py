# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who holds which subnet. No I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..model.lease import Lease
from .ages import age_text
from .columns import render_columns
from .screen import Colour, Paint


def lease_rows(
    leases: Sequence[Lease], own_subnet: str | None, remaining: Mapping[int, int]
) -> list[dict[str, Any]]:
    """The leases as plain values, by subnet; own marks this host's.

    remaining holds the seconds that are left, by the number of etcd's lease; expires_in is null
    for a reservation, and where that is not known.
    """
    return [
        {
            "subnet": str(lease.subnet),
            "public_ip": str(lease.public_ip),
            "backend": lease.backend_type or "udp",
            "kind": "reservation" if lease.is_reservation else "lease",
            "expires_in": remaining.get(lease.lease_id),
            "own": str(lease.subnet) == own_subnet,
        }
        for lease in sorted(leases, key=lambda lease: lease.subnet)
    ]


def render_leases(rows: Sequence[dict[str, Any]], paint: Paint) -> str:
    """The leases as a table."""
    if not rows:
        return "no leases\n"
    return render_columns(
        ("SUBNET", "PUBLIC IP", "BACKEND", "KIND", "EXPIRES", ""),
        [
            (
                row["subnet"],
                row["public_ip"],
                row["backend"],
                row["kind"],
                _expiry(row),
                paint("this host" if row["own"] else "", Colour.GOOD),
            )
            for row in rows
        ],
    )


def _expiry(row: Mapping[str, Any]) -> str:
    if row["kind"] == "reservation":
        return "never"
    return "unknown" if row["expires_in"] is None else f"in {age_text(row['expires_in'])}"
