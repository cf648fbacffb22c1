# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from typing import Any

import pytest

from ansible_collections.weft.overlay.plugins.module_utils.weft.backends.plan import (
    LeaseData,
    Overlay,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.backends.registry import (
    UnknownBackendError,
    backend_named,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.backends.udp import plan_udp
from ansible_collections.weft.overlay.plugins.module_utils.weft.backends.userspace import (
    accepts_partial_checksum,
    partial_checksum_data,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.offloads import IDLE
from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.table import parse_table
from ansible_collections.weft.overlay.plugins.module_utils.weft.kernel.firewall import (
    OverlayTraffic,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.kernel.state import (
    Address,
    Device,
    HostState,
    Route,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.model.json_object import JsonValue
from ansible_collections.weft.overlay.plugins.module_utils.weft.model.lease import Lease
from ansible_collections.weft.overlay.plugins.module_utils.weft.model.network import parse_network

NETWORK = IPv4Network("100.96.0.0/16")


def lease(number: int, backend_type: str | None = None) -> Lease:
    return Lease(
        IPv4Network(f"100.96.{number}.0/24"),
        IPv4Address(f"10.168.0.{10 + number}"),
        backend_type=backend_type,
    )


def overlay(*peers: Lease, backend: str = '{"Type": "udp"}', mtu: int = 1500) -> Overlay:
    network = parse_network(f'{{"Network": "{NETWORK}", "Backend": {backend}}}')
    return Overlay(network, lease(1), peers, "eth0", IPv4Address("10.168.0.11"), mtu)


def table(planned: Overlay) -> dict[str, Any]:
    document = plan_udp(planned, masquerade=False).datapath_table
    assert document is not None
    return document


def test_the_state_is_flannels_device_address_and_one_route() -> None:
    plan = plan_udp(overlay(lease(2), lease(3)), masquerade=True)
    assert plan.state == HostState(
        devices=frozenset({Device("flannel0", 1472)}),
        addresses=frozenset({Address("flannel0", IPv4Interface("100.96.1.0/32"))}),
        routes=frozenset({Route(NETWORK, "flannel0")}),
    )
    assert plan.mtu == 1472
    assert plan.traffic == OverlayTraffic(
        NETWORK, IPv4Network("100.96.1.0/24"), ("flannel0",), masquerade=True
    )
    assert plan.problems == ()


def test_the_datapath_parses_the_table_and_returns_the_same() -> None:
    document = table(overlay(lease(2), lease(3, "vxlan")))
    assert document == {
        "backend": "udp",
        "device": "flannel0",
        "bind": "10.168.0.11",
        "port": 8285,
        "mtu": 1472,
        "network": "100.96.0.0/16",
        "subnet": "100.96.1.0/24",
        "peers": [
            {"subnet": "100.96.2.0/24", "public_ip": "10.168.0.12"},
            {"subnet": "100.96.3.0/24", "public_ip": "10.168.0.13"},
        ],
    }
    assert parse_table(document).to_document() == document


def test_partial_checksums_are_sent_to_peers_that_accept_them() -> None:
    def announcing(number: int) -> Lease:
        return replace(lease(number), backend_data=partial_checksum_data())

    document = table(overlay(announcing(2), lease(3)))
    assert [peer.get("partial_checksum") for peer in document["peers"]] == [True, None]
    assert parse_table(document).to_document() == document


@pytest.mark.parametrize("data", [None, [], "weft", {"weft": None}, {"weft": {"InnerChecksum": 1}}])
def test_other_backend_data_accepts_no_partial_checksum(data: JsonValue) -> None:
    assert not accepts_partial_checksum(replace(lease(2), backend_data=data))


def test_the_socket_is_bound_to_the_interface_and_not_to_the_public_ip() -> None:
    translated = replace(lease(1), public_ip=IPv4Address("192.0.2.7"))
    assert table(replace(overlay(), own=translated))["bind"] == "10.168.0.11"


def test_port_and_mtu_of_the_network_are_followed() -> None:
    planned = overlay(backend='{"Type": "udp", "Port": 7890, "MTU": 1400}')
    assert table(planned)["port"] == 7890
    assert table(planned)["mtu"] == plan_udp(planned, masquerade=False).mtu == 1372


@pytest.mark.parametrize("address", ["0.0.0.0", "224.0.0.9", "240.0.0.1", "255.255.255.255"])
def test_a_lease_with_an_invalid_public_ip_affects_no_other(address: str) -> None:
    poison = replace(lease(2), public_ip=IPv4Address(address))
    plan = plan_udp(overlay(poison, lease(3)), masquerade=False)
    assert plan.datapath_table is not None
    assert plan.datapath_table["peers"] == [{"subnet": "100.96.3.0/24", "public_ip": "10.168.0.13"}]
    parse_table(plan.datapath_table)
    (problem,) = plan.problems
    assert "100.96.2.0/24" in problem
    assert address in problem


def test_the_registry_has_udp_and_lists_the_backends_for_an_unknown_one() -> None:
    assert backend_named("udp") is plan_udp
    with pytest.raises(
        UnknownBackendError,
        match=r"is wireguard.*only host-gw, udp, vxlan.*publish another",
    ):
        backend_named("wireguard")


def test_the_lease_has_partial_checksums_while_the_datapath_accepts_them() -> None:
    def announced(offloads: dict[str, str] | None) -> LeaseData | None:
        return plan_udp(replace(overlay(), offloads=offloads), masquerade=False).lease_data

    assert announced({"partial-checksum": "active"}) == LeaseData(None, partial_checksum_data())
    # Else no host would ever be the first.
    assert announced({"partial-checksum": IDLE}) == LeaseData(None, partial_checksum_data())
    assert announced({"partial-checksum": "refused: no"}) == LeaseData()
    assert announced(None) is None


def test_switched_off_offloads_reach_the_datapath() -> None:
    table = plan_udp(replace(overlay(), offloads_disabled=("udp-gro",)), False).datapath_table
    assert table is not None
    assert table["offloads"] == {"udp-gro": False}
    assert parse_table(table).to_document() == table


def test_queues_reach_the_datapath() -> None:
    assert "queues" not in table(overlay())
    given = table(replace(overlay(), queues=4))
    assert given["queues"] == 4
    assert parse_table(given).to_document() == given
