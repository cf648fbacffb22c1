# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network

from ansible_collections.weft.overlay.plugins.module_utils.weft.model.lease import Lease
from ansible_collections.weft.overlay.plugins.module_utils.weft.weftctl.commands.leases import (
    lease_rows,
    render_leases,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.weftctl.terminal import Colouriser

LEASES = [
    Lease(IPv4Network("100.96.10.0/24"), IPv4Address("10.168.0.20"), lease_id=42),
    Lease(IPv4Network("100.96.2.0/24"), IPv4Address("10.168.0.12"), backend_type="vxlan"),
]


def test_rows_are_in_the_order_of_the_subnets() -> None:
    assert lease_rows(LEASES, "100.96.2.0/24", {42: 7300}) == [
        {
            "subnet": "100.96.2.0/24",
            "public_ip": "10.168.0.12",
            "backend": "vxlan",
            "kind": "reservation",
            "expires_in": None,
            "own": True,
        },
        {
            "subnet": "100.96.10.0/24",
            "public_ip": "10.168.0.20",
            "backend": "udp",
            "kind": "lease",
            "expires_in": 7300,
            "own": False,
        },
    ]


def test_the_table_marks_this_host() -> None:
    assert render_leases(
        lease_rows(LEASES, "100.96.2.0/24", {42: 7300}), Colouriser()
    ).splitlines() == [
        "SUBNET          PUBLIC IP    BACKEND  KIND         EXPIRES",
        "100.96.2.0/24   10.168.0.12  vxlan    reservation  never    this host",
        "100.96.10.0/24  10.168.0.20  udp      lease        in 2 h",
    ]


def test_no_leases_are_said() -> None:
    assert render_leases(lease_rows([], None, {}), Colouriser()) == "no leases\n"


def test_an_expiry_that_the_store_did_not_tell_is_unknown() -> None:
    rows = lease_rows(LEASES[:1], None, {})
    assert render_leases(rows, Colouriser()).splitlines()[1].endswith("lease  unknown")
