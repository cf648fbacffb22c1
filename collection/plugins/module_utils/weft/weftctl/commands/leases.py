# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`weftctl leases`: the subnet of each host."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from typing import Any

from ...errors import WeftError
from ...host.lease_view import load_view
from ...host.settings import load_settings
from ...model.lease import Lease
from ...store.client import StoreClient
from ..agent_status import read_agent_status
from ..formatting import format_duration, format_table
from ..paths import HostPaths
from ..terminal import Colour, Colouriser, Terminal


def add_arguments(_parser: argparse.ArgumentParser) -> None:
    """The command has no arguments of its own."""


def run(options: argparse.Namespace, paths: HostPaths, terminal: Terminal) -> int:
    """Show the leases in etcd; if it is unreachable, the last known ones, and return 1."""
    own = read_agent_status(paths.status).own_subnet
    try:
        with StoreClient(load_settings(paths.settings).store) as store:
            snapshot = store.snapshot()
            leases, exit_status = snapshot.leases, 0
            lives = store.times_to_live(
                {lease.lease_id for lease in leases if not lease.is_reservation}
            )
            remaining = {lease_id: life.remaining for lease_id, life in lives.items()}
        for entry in snapshot.invalid:
            terminal.warn(f"{entry.key}: {entry.reason}")
    except WeftError as error:
        terminal.warn(str(error))
        terminal.warn("showing the last known leases")
        leases, exit_status = tuple(load_view(paths.snapshot).leases.values()), 1
        remaining = {}
    rows = lease_rows(leases, own, remaining)
    if options.json:
        terminal.print_json(rows)
    else:
        terminal.print(render_leases(rows, terminal.colour))
    return exit_status


def lease_rows(
    leases: Sequence[Lease], own_subnet: str | None, remaining: Mapping[int, int]
) -> list[dict[str, Any]]:
    """Return the leases as JSON values, sorted by subnet; `own` marks this host's.

    `remaining` maps the ID of an etcd lease to the seconds until it expires; `expires_in` is null
    for a reservation, and if it is not known.
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


def render_leases(rows: Sequence[dict[str, Any]], colour: Colouriser) -> str:
    """Return the leases as a table."""
    if not rows:
        return "no leases\n"
    return format_table(
        ("SUBNET", "PUBLIC IP", "BACKEND", "KIND", "EXPIRES", ""),
        [
            (
                row["subnet"],
                row["public_ip"],
                row["backend"],
                row["kind"],
                _expiry(row),
                colour("this host" if row["own"] else "", Colour.GOOD),
            )
            for row in rows
        ],
    )


def _expiry(row: Mapping[str, Any]) -> str:
    if row["kind"] == "reservation":
        return "never"
    return "unknown" if row["expires_in"] is None else f"in {format_duration(row['expires_in'])}"
