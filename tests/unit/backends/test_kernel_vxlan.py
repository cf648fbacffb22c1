# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface, IPv4Network

import pytest

from ansible_collections.weft.overlay.plugins.module_utils.weft.backends.plan import (
    LeaseData,
    Overlay,
    RefusedError,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.backends.vxlan import plan_vxlan
from ansible_collections.weft.overlay.plugins.module_utils.weft.kernel.state import (
    Address,
    Device,
    FdbEntry,
    HostState,
    Neighbour,
    Route,
    VxlanDevice,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.model.lease import Lease
from ansible_collections.weft.overlay.plugins.module_utils.weft.model.network import parse_network

NETWORK = IPv4Network("100.96.0.0/16")
OWN_ADDRESS = IPv4Address("10.168.0.11")


def peer(number: int, mac: str | None = None) -> Lease:
    return Lease(
        IPv4Network(f"100.96.{number}.0/24"),
        IPv4Address(f"10.168.0.{10 + number}"),
        backend_type="vxlan",
        backend_data={"VNI": 1, "VtepMAC": mac or f"C6:d2:32:6f:8f:{number:02x}"},
    )


def overlay(*peers: Lease, options: str = "") -> Overlay:
    network = parse_network(f'{{"Network": "{NETWORK}", "Backend": {{"Type": "vxlan"{options}}}}}')
    own = Lease(IPv4Network("100.96.1.0/24"), OWN_ADDRESS)
    return Overlay(network, own, peers, "eth0", OWN_ADDRESS, 1500, kernel_vxlan=True)


def test_the_state_is_that_of_flannel() -> None:
    plan = plan_vxlan(overlay(peer(2)), masquerade=True)
    base = IPv4Address("100.96.2.0")
    assert plan.state == HostState(
        devices=frozenset({Device("flannel.1", 1450)}),
        addresses=frozenset({Address("flannel.1", IPv4Interface("100.96.1.0/32"))}),
        routes=frozenset({Route(IPv4Network("100.96.2.0/24"), "flannel.1", base, on_link=True)}),
        vxlan_devices=frozenset(
            {VxlanDevice("flannel.1", 1, "eth0", OWN_ADDRESS, 8472, "02:77:0a:a8:00:0b")}
        ),
        neighbours=frozenset({Neighbour("flannel.1", base, "c6:d2:32:6f:8f:02")}),
        fdb=frozenset({FdbEntry("flannel.1", "c6:d2:32:6f:8f:02", IPv4Address("10.168.0.12"))}),
    )
    assert (plan.mtu, plan.traffic.devices, plan.traffic.masquerade) == (
        1450,
        ("flannel.1",),
        True,
    )
    assert (plan.datapath_table, plan.problems) == (None, ())


def test_the_lease_has_flannels_data_and_none_of_the_userspace_datapath() -> None:
    planned = replace(overlay(), offloads={"partial-checksum": "active"})
    assert plan_vxlan(planned, masquerade=False).lease_data == LeaseData(
        "vxlan", {"VNI": 1, "VtepMAC": "02:77:0a:a8:00:0b"}
    )


def test_the_options_of_the_network_are_followed() -> None:
    options = ', "VNI": 7, "Port": 4789, "MTU": 1400, "GBP": true, "Learning": true'
    plan = plan_vxlan(overlay(options=options), masquerade=False)
    (device,) = plan.state.vxlan_devices
    assert (device.name, device.vni, device.port) == ("flannel.7", 7, 4789)
    assert (device.gbp, device.learning, plan.mtu) == (True, True, 1350)


def test_with_direct_routing_a_peer_on_the_link_has_a_route_and_nothing_else() -> None:
    planned = overlay(peer(2), peer(3), options=', "DirectRouting": true')
    near, far = IPv4Address("10.168.0.12"), IPv4Address("100.96.3.0")
    plan = plan_vxlan(replace(planned, on_link=frozenset({near})), masquerade=False)
    assert plan.state.routes == {
        Route(IPv4Network("100.96.2.0/24"), "eth0", near),
        Route(IPv4Network("100.96.3.0/24"), "flannel.1", far, on_link=True),
    }
    assert {entry.address for entry in plan.state.neighbours} == {far}
    assert {entry.destination for entry in plan.state.fdb} == {IPv4Address("10.168.0.13")}
    assert plan.traffic.devices == ("flannel.1", "eth0")
    # Without the option, what is on the link does not matter.
    without = replace(overlay(peer(2)), on_link=frozenset({near}))
    assert len(plan_vxlan(without, masquerade=False).state.fdb) == 1


def test_behind_nat_the_source_is_the_address_of_the_interface() -> None:
    planned = overlay()
    translated = replace(planned, own=replace(planned.own, public_ip=IPv4Address("192.0.2.7")))
    (device,) = plan_vxlan(translated, masquerade=False).state.vxlan_devices
    assert (device.local, device.mac) == (OWN_ADDRESS, "02:77:c0:00:02:07")


@pytest.mark.parametrize("kernel", [True, False])
def test_a_name_that_no_device_can_have_is_refused(kernel: bool) -> None:
    planned = replace(overlay(options=', "VNI": 10000000'), kernel_vxlan=kernel)
    with pytest.raises(RefusedError, match=r"VNI 10000000 .* flannel\.10000000.*below 10000000"):
        plan_vxlan(planned, masquerade=False)


def test_an_mtu_above_the_underlays_is_named_and_not_used() -> None:
    for kernel in (True, False):
        planned = replace(overlay(options=', "MTU": 9000'), kernel_vxlan=kernel)
        plan = plan_vxlan(planned, masquerade=False)
        assert plan.mtu == 1450
        (problem,) = plan.problems
        assert "is 9000, but eth0 has 1500" in problem


def test_a_vtep_mac_belongs_to_the_first_lease_and_the_second_is_reported() -> None:
    mac = "c6:d2:32:6f:8f:02"
    plan = plan_vxlan(overlay(peer(2), peer(3, mac), peer(4)), masquerade=False)
    assert {route.destination for route in plan.state.routes} == {
        IPv4Network("100.96.2.0/24"),
        IPv4Network("100.96.4.0/24"),
    }
    (problem,) = plan.problems
    for words in ("10.168.0.13 (100.96.3.0/24)", mac, "10.168.0.12 (100.96.2.0/24)"):
        assert words in problem


def test_other_types_are_no_peers_and_a_bad_lease_affects_no_other() -> None:
    poison = replace(peer(4), public_ip=IPv4Address("224.0.0.9"))
    plan = plan_vxlan(
        overlay(peer(2), replace(peer(3), backend_type="host-gw"), poison), masquerade=False
    )
    assert len(plan.state.routes) == len(plan.state.fdb) == len(plan.problems) == 1
