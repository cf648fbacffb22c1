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
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.backends.registry import (
    backend_named,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.backends.userspace import (
    partial_checksum_data,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.backends.vxlan import (
    plan_vxlan,
    vtep_mac,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.offloads import (
    ACTIVE,
    IDLE,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.table import parse_table
from ansible_collections.weft.overlay.plugins.module_utils.weft.kernel.state import (
    Address,
    Device,
    HostState,
    Route,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.model.json_object import (
    JsonObject,
    JsonValue,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.model.lease import (
    Lease,
    parse_lease,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.model.network import parse_network

NETWORK = IPv4Network("100.96.0.0/16")


def flannels(number: int) -> Lease:
    """A lease as flannel writes it."""
    return parse_lease(
        "/coreos.com/network",
        f"/coreos.com/network/subnets/100.96.{number}.0-24",
        f'{{"PublicIP":"10.168.0.{10 + number}","PublicIPv6":null,"BackendType":"vxlan",'
        f'"BackendData":{{"VNI":1,"VtepMAC":"c6:d2:32:6f:8f:{number:02x}"}}}}',
    )


def overlay(*peers: Lease, options: str = "") -> Overlay:
    network = parse_network(f'{{"Network": "{NETWORK}", "Backend": {{"Type": "vxlan"{options}}}}}')
    own = Lease(IPv4Network("100.96.1.0/24"), IPv4Address("10.168.0.11"))
    return Overlay(network, own, peers, "eth0", IPv4Address("10.168.0.11"), 1500)


def test_the_device_is_flannels_by_name_address_and_mtu() -> None:
    plan = plan_vxlan(overlay(flannels(2)), masquerade=True)
    assert plan.state == HostState(
        devices=frozenset({Device("flannel.1", 1450)}),
        addresses=frozenset({Address("flannel.1", IPv4Interface("100.96.1.0/32"))}),
        routes=frozenset({Route(NETWORK, "flannel.1")}),
    )
    assert (plan.mtu, plan.traffic.masquerade, plan.problems) == (1450, True, ())
    assert backend_named("vxlan") is plan_vxlan


def test_the_datapath_parses_the_table_and_returns_the_same() -> None:
    document = plan_vxlan(overlay(flannels(2)), masquerade=False).datapath_table
    assert document == {
        "backend": "vxlan",
        "device": "flannel.1",
        "bind": "10.168.0.11",
        "port": 8472,
        "vni": 1,
        "vtep_mac": "02:77:0a:a8:00:0b",
        "mtu": 1450,
        "network": "100.96.0.0/16",
        "subnet": "100.96.1.0/24",
        "peers": [
            {
                "subnet": "100.96.2.0/24",
                "public_ip": "10.168.0.12",
                "vtep_mac": "c6:d2:32:6f:8f:02",
            }
        ],
    }
    assert parse_table(document).to_document() == document


def test_the_options_of_the_network_are_followed_or_named() -> None:
    options = ', "VNI": 0, "Port": 4789, "MTU": 1400, "GBP": true, "DirectRouting": true'
    plan = plan_vxlan(overlay(options=options), masquerade=False)
    table = plan.datapath_table
    assert table is not None
    assert (table["vni"], table["device"], table["port"]) == (0, "flannel.0", 4789)
    assert plan.mtu == table["mtu"] == 1350
    assert [problem.split()[3] for problem in plan.problems] == ["DirectRouting", "GBP"]


def test_the_lease_has_flannels_data_and_wefts() -> None:
    def announced(offloads: dict[str, str] | None) -> LeaseData | None:
        return plan_vxlan(replace(overlay(), offloads=offloads), masquerade=False).lease_data

    flannels_part: JsonObject = {"VNI": 1, "VtepMAC": "02:77:0a:a8:00:0b"}
    for state in (ACTIVE, IDLE):
        assert announced({"partial-checksum": state}) == LeaseData(
            "vxlan", {**flannels_part, **partial_checksum_data()}
        )
    assert announced({"partial-checksum": "refused"}) == LeaseData("vxlan", flannels_part)
    assert announced(None) is None


def test_partial_checksums_are_sent_to_peers_that_accept_them() -> None:
    planned = overlay(flannels(2), _announcing(flannels(3)))
    table = plan_vxlan(planned, masquerade=False).datapath_table
    assert table is not None
    assert [peer.get("partial_checksum") for peer in table["peers"]] == [None, True]


def _announcing(lease: Lease) -> Lease:
    own = lease.backend_data if isinstance(lease.backend_data, dict) else {}
    return replace(lease, backend_data={**own, **partial_checksum_data()})


def test_a_vtep_mac_is_unique_and_locally_administered() -> None:
    one, two = (vtep_mac(IPv4Address(address)) for address in ("192.0.2.1", "192.0.2.2"))
    assert one == vtep_mac(IPv4Address("192.0.2.1")) != two
    assert int(one[:2], 16) & 0b11 == 0b10


def test_other_types_are_no_peers_and_a_bad_lease_affects_no_other() -> None:
    peers = [flannels(2), replace(flannels(3), backend_type=None)]
    bad: list[JsonValue] = [
        None,
        {},
        {"VtepMAC": 7},
        {"VtepMAC": "x"},
        {"VtepMAC": "01:00:5e:0:0:1"},
    ]
    for number, data in enumerate(bad, start=4):
        peers.append(replace(flannels(number), backend_data=data))
    peers.append(replace(flannels(9), public_ip=IPv4Address("0.0.0.0")))
    plan = plan_vxlan(overlay(*peers), masquerade=False)
    assert plan.datapath_table is not None
    assert [peer["subnet"] for peer in plan.datapath_table["peers"]] == ["100.96.2.0/24"]
    parse_table(plan.datapath_table)
    assert len(plan.problems) == len(bad) + 1
    assert "100.96.4.0/24" in plan.problems[0]
    assert "VtepMAC" in plan.problems[0]


@pytest.mark.parametrize("vni", [0, 1, 9_999_999])
def test_every_vni_of_the_network_is_one_of_the_table(vni: int) -> None:
    table = plan_vxlan(overlay(options=f', "VNI": {vni}'), masquerade=False).datapath_table
    assert table is not None
    assert parse_table({**table, "device": "flannel.x"}).to_document()["vni"] == vni
