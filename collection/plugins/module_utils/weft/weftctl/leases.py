# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`weftctl leases`: who holds which subnet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..lease import Lease
from .columns import render_columns


def lease_rows(leases: Sequence[Lease], own_subnet: str | None) -> list[dict[str, Any]]:
    """The leases as plain values, by subnet; own marks this host's."""
    return [
        {
            "subnet": str(lease.subnet),
            "public_ip": str(lease.public_ip),
            "backend": lease.backend_type or "udp",
            "kind": "reservation" if lease.is_reservation else "lease",
            "own": str(lease.subnet) == own_subnet,
        }
        for lease in sorted(leases, key=lambda lease: lease.subnet)
    ]


def render_leases(rows: Sequence[dict[str, Any]]) -> str:
    """The leases as a table."""
    if not rows:
        return "no leases\n"
    return render_columns(
        ("SUBNET", "PUBLIC IP", "BACKEND", "KIND", ""),
        [
            (
                row["subnet"],
                row["public_ip"],
                row["backend"],
                row["kind"],
                "this host" if row["own"] else "",
            )
            for row in rows
        ],
    )
