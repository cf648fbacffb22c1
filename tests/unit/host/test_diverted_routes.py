# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ipaddress import IPv4Address, IPv4Interface, IPv4Network

import pytest

from ansible_collections.weft.overlay.plugins.module_utils.weft.host.diverted_routes import (
    diverted_routes,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.kernel.links import (
    Link,
    LinkAddress,
    Links,
    UnderlayRoute,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.kernel.state import Route
from ansible_collections.weft.overlay.plugins.module_utils.weft.model.lease import Lease

UDP = (Route(IPv4Network("100.96.0.0/16"), "flannel0"),)
VXLAN = (Route(IPv4Network("100.96.2.0/24"), "flannel.1", IPv4Address("100.96.2.0")),)
PEERS = (Lease(IPv4Network("100.96.2.0/24"), IPv4Address("192.0.2.12")),)
USER = Link("br-1", 5, 1500, True, (LinkAddress(IPv4Interface("100.96.2.129/25")),))


def commands(planned: tuple[Route, ...], destination: str, device: str, gateway: str) -> list[str]:
    via = IPv4Address(gateway) if gateway else None
    route = UnderlayRoute(IPv4Network(destination), device, via)
    found = diverted_routes(Links((USER,), (route,)), planned, PEERS)
    assert all(f"{destination} " in each.text and "192.0.2.12" in each.text for each in found)
    return [each.command for each in found]


@pytest.mark.parametrize("planned", [UDP, VXLAN])
@pytest.mark.parametrize(
    ("destination", "device", "gateway", "command"),
    [
        (
            "100.96.2.0/25",
            "eth0",
            "192.0.2.1",
            "ip route del 100.96.2.0/25 via 192.0.2.1 dev eth0",
        ),
        ("100.96.2.7/32", "eth1", "", "ip route del 100.96.2.7/32 dev eth1"),
        # Of the upper half of the subnet, in which no bridge's address is.
        ("100.96.2.192/26", "eth1", "", "ip route del 100.96.2.192/26 dev eth1"),
    ],
)
def test_a_more_specific_route_of_another_program_is_found(
    planned: tuple[Route, ...], destination: str, device: str, gateway: str, command: str
) -> None:
    assert commands(planned, destination, device, gateway) == [command]


@pytest.mark.parametrize("planned", [UDP, VXLAN])
@pytest.mark.parametrize(
    ("destination", "device"),
    [
        ("0.0.0.0/0", "eth0"),
        ("100.96.0.0/12", "eth0"),
        ("100.96.1.0/24", "docker0"),
        # A connected network, which overlapping_networks reports.
        ("100.96.2.128/25", "br-1"),
    ],
)
def test_routes_that_take_no_packet_of_a_peer_are_ignored(
    planned: tuple[Route, ...], destination: str, device: str
) -> None:
    assert commands(planned, destination, device, "") == []


def test_a_route_of_flannel_to_the_same_device_is_ignored() -> None:
    assert commands(UDP, "100.96.2.0/24", "flannel0", "") == []
