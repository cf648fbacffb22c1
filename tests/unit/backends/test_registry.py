# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""With several active backends, a host has the state of each; its lease is that of the first."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network

import pytest

from ansible_collections.weft.overlay.plugins.module_utils.weft.backends.plan import (
    Overlay,
    RefusedError,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.backends.registry import (
    BACKENDS,
    UnknownBackendError,
    plan_backends,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.model.json_object import JsonValue
from ansible_collections.weft.overlay.plugins.module_utils.weft.model.lease import Lease
from ansible_collections.weft.overlay.plugins.module_utils.weft.model.network import (
    Backend,
    parse_backend,
    parse_network,
)


def lease(number: int, backend_type: str | None = None) -> Lease:
    mac: JsonValue = {"VNI": 1, "VtepMAC": f"02:77:0a:a8:00:{number:02x}"}
    return Lease(
        IPv4Network(f"100.96.{number}.0/24"),
        IPv4Address(f"10.168.0.{10 + number}"),
        backend_type=backend_type,
        backend_data=mac if backend_type == "vxlan" else None,
    )


UDP, VXLAN, HOST_GW = (parse_backend({"Type": name}) for name in ("udp", "vxlan", "host-gw"))
PEERS = (lease(2), lease(3, "vxlan"), lease(4, "host-gw"))
OVERLAY = Overlay(
    parse_network('{"Network": "100.96.0.0/16", "Backend": {"Type": "udp"}}'),
    lease(1),
    PEERS,
    "eth0",
    IPv4Address("10.168.0.11"),
    1500,
    kernel_vxlan=True,
    on_link=frozenset(peer.public_ip for peer in PEERS),
    offloads={},
)


@pytest.mark.parametrize("backend", [UDP, VXLAN, HOST_GW], ids=lambda backend: backend.type)
def test_one_backend_has_its_own_plan(backend: Backend) -> None:
    network = replace(OVERLAY.network, backend=backend)
    alone = BACKENDS[backend.type](replace(OVERLAY, network=network), False)
    assert plan_backends(OVERLAY, False, [backend]) == alone


def test_two_backends_have_both_states_and_the_lease_data_of_the_first() -> None:
    plans = [plan_backends(OVERLAY, False, [backend]) for backend in (VXLAN, UDP)]
    both = plan_backends(OVERLAY, False, [VXLAN, UDP])
    assert both.state == plans[0].state | plans[1].state
    assert both.lease_data == plans[0].lease_data
    assert both.datapath_table == plans[1].datapath_table is not None
    assert (both.mtu, both.traffic.devices) == (1450, ("flannel.1", "flannel0"))
    back = plan_backends(OVERLAY, False, [UDP, VXLAN])
    assert (back.state, back.lease_data) == (both.state, plans[1].lease_data)


def test_each_peer_is_reached_with_the_backend_of_its_lease() -> None:
    state = plan_backends(OVERLAY, False, [UDP, VXLAN, HOST_GW]).state
    assert {(str(route.destination), route.device) for route in state.routes} == {
        ("100.96.0.0/16", "flannel0"),
        ("100.96.3.0/24", "flannel.1"),
        ("100.96.4.0/24", "eth0"),
    }


def test_the_userspace_datapath_runs_one_backend() -> None:
    with pytest.raises(RefusedError, match="use the kernel datapath for vxlan"):
        plan_backends(replace(OVERLAY, kernel_vxlan=False), False, [UDP, VXLAN])


def test_an_unknown_backend_is_reported() -> None:
    with pytest.raises(UnknownBackendError, match="wireguard"):
        plan_backends(OVERLAY, False, [UDP, Backend("wireguard")])


def test_two_active_backends_with_the_same_port_are_refused() -> None:
    vxlan = parse_backend({"Type": "vxlan", "Port": 8285})
    with pytest.raises(RefusedError, match="udp and vxlan both use UDP port 8285"):
        plan_backends(OVERLAY, False, [UDP, vxlan])
