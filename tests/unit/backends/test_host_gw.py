# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network

import pytest

from ansible_collections.weft.overlay.plugins.module_utils.weft.backends.host_gw import plan_host_gw
from ansible_collections.weft.overlay.plugins.module_utils.weft.backends.plan import (
    LeaseData,
    Overlay,
    RefusedError,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.backends.registry import (
    backend_named,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.kernel.state import (
    HostState,
    Route,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.model.lease import Lease
from ansible_collections.weft.overlay.plugins.module_utils.weft.model.network import parse_network

OWN_ADDRESS = IPv4Address("10.168.0.11")


def peer(number: int, backend_type: str | None = "host-gw") -> Lease:
    return Lease(
        IPv4Network(f"100.96.{number}.0/24"),
        IPv4Address(f"10.168.0.{10 + number}"),
        backend_type=backend_type,
    )


def overlay(*peers: Lease, options: str = "") -> Overlay:
    network = parse_network(
        f'{{"Network": "100.96.0.0/16", "Backend": {{"Type": "host-gw"{options}}}}}'
    )
    return Overlay(
        network,
        peer(1, None),
        peers,
        "eth0",
        OWN_ADDRESS,
        1500,
        on_link=frozenset(entry.public_ip for entry in peers if entry.public_ip in UNDERLAY),
    )


UNDERLAY = IPv4Network("10.168.0.0/24")


def test_each_peer_is_the_gateway_to_its_subnet() -> None:
    plan = plan_host_gw(overlay(peer(2), peer(3)), masquerade=True)
    assert plan.state == HostState(
        routes=frozenset(
            {
                Route(IPv4Network("100.96.2.0/24"), "eth0", IPv4Address("10.168.0.12")),
                Route(IPv4Network("100.96.3.0/24"), "eth0", IPv4Address("10.168.0.13")),
            }
        )
    )
    assert (plan.mtu, plan.datapath_table, plan.problems) == (1500, None, ())
    assert (plan.traffic.devices, plan.traffic.masquerade) == (("eth0",), True)
    assert plan.lease_data == LeaseData("host-gw")
    assert backend_named("host-gw") is plan_host_gw


def test_a_peer_that_is_not_on_the_link_is_reported_and_the_others_have_routes() -> None:
    far = replace(peer(3), public_ip=IPv4Address("203.0.113.9"))
    poison = replace(peer(4), public_ip=IPv4Address("0.0.0.0"))
    plan = plan_host_gw(overlay(peer(2), far, poison), masquerade=False)
    assert {str(route.destination) for route in plan.state.routes} == {"100.96.2.0/24"}
    assert "203.0.113.9 (100.96.3.0/24) is not on the link of eth0" in plan.problems[0]
    assert "not a host address" in plan.problems[1]


def test_leases_of_another_type_are_no_peers() -> None:
    plan = plan_host_gw(overlay(peer(2, "vxlan"), peer(3, None)), masquerade=False)
    assert (plan.state, plan.problems) == (HostState(), ())


def test_a_public_ip_that_the_interface_does_not_have_is_refused() -> None:
    planned = overlay(peer(2))
    own = replace(planned.own, public_ip=IPv4Address("192.0.2.7"))
    with pytest.raises(RefusedError, match=r"192\.0\.2\.7 is not 10\.168\.0\.11.*eth0.*vxlan"):
        plan_host_gw(replace(planned, own=own), masquerade=False)


def test_the_networks_mtu_is_used_where_it_fits() -> None:
    assert plan_host_gw(overlay(options=', "MTU": 1400'), masquerade=False).mtu == 1400
    above = plan_host_gw(overlay(options=', "MTU": 9000'), masquerade=False)
    assert (above.mtu, len(above.problems)) == (1500, 1)
