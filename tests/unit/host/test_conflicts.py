# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ipaddress import IPv4Address, IPv4Interface, IPv4Network

import pytest

from ansible_collections.weft.overlay.plugins.module_utils.weft.host.conflicts import (
    overlapping_networks,
    shared_public_ips,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.kernel.links import (
    Link,
    LinkAddress,
    Links,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.model.lease import Lease

NETWORK = IPv4Network("100.96.0.0/16")


def lease(number: int, public_ip: str | None = None) -> Lease:
    return Lease(
        IPv4Network(f"100.96.{number}.0/24"), IPv4Address(public_ip or f"10.168.0.{10 + number}")
    )


def overlaps(name: str, address: str) -> list[str]:
    there = Link(name, 3, 1500, up=True, addresses=(LinkAddress(IPv4Interface(address)),))
    return overlapping_networks(Links((there,)), {"flannel.1"}, NETWORK, lease(1), [lease(2)])


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("docker0", "100.96.1.1/24"),
        ("docker0", "172.17.0.1/16"),
        ("flannel.1", "100.96.1.0/32"),
        # A subnet without a lease.
        ("br-user", "100.96.3.1/24"),
    ],
)
def test_dockers_bridge_the_overlays_device_and_other_networks_are_no_conflict(
    name: str, address: str
) -> None:
    assert overlaps(name, address) == []


@pytest.mark.parametrize(
    ("name", "address", "subnets"),
    [
        ("br-user", "100.96.2.129/25", ["100.96.2.0/24"]),
        ("br-user", "100.96.1.129/25", ["100.96.1.0/24"]),
        ("docker0", "100.96.1.5/24", ["100.96.1.0/24"]),
        # The first address of a subnet that was this host's, and is another's.
        ("docker0", "100.96.2.1/24", ["100.96.2.0/24"]),
        ("eth1", "100.96.7.7/20", ["100.96.1.0/24", "100.96.2.0/24"]),
    ],
)
def test_an_overlapping_connected_network_is_reported(
    name: str, address: str, subnets: list[str]
) -> None:
    found = overlaps(name, address)
    assert len(found) == len(subnets)
    for problem, subnet in zip(found, subnets, strict=True):
        assert f"{name} has the address {address}" in problem
        assert subnet in problem


def test_a_device_of_another_backend_is_no_conflict() -> None:
    address = LinkAddress(IPv4Interface("100.96.1.0/32"))
    former = Link("flannel.7", 3, 1500, up=True, addresses=(address,), alias="weft")
    assert overlapping_networks(Links((former,)), {"flannel.1"}, NETWORK, lease(1), []) == []


def test_a_public_ip_with_two_subnets_is_reported() -> None:
    assert shared_public_ips([lease(1), lease(2)]) == []
    (problem,) = shared_public_ips([lease(1), lease(2), lease(3, "10.168.0.12")])
    assert "10.168.0.12 holds 100.96.2.0/24 and 100.96.3.0/24" in problem
