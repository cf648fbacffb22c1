# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host that has another's address, as two clones of one machine do, is found on their link."""

from __future__ import annotations

import json
from ipaddress import IPv4Address

import pytest

from ansible_collections.weft.overlay.plugins.module_utils.weft.weftctl.arp_probe import (
    conflicting_macs,
)

from .namespaces import Namespace, Namespaces

ADDRESS = IPv4Address("10.168.0.11")


@pytest.fixture
def hosts(made: Namespaces) -> tuple[Namespace, Namespace]:
    """Two hosts on one link, the first with the address."""
    one, other = made.add("one"), made.add("other")
    made.join(one, "eth0", other, "eth0")
    one.ip("address", "add", f"{ADDRESS}/24", "dev", "eth0")
    other.ip("address", "add", "10.168.0.12/24", "dev", "eth0")
    return one, other


def claimants(host: Namespace, device: str = "eth0") -> frozenset[str]:
    with host.entered():
        return conflicting_macs(device, ADDRESS)


def mac_of(host: Namespace) -> str:
    (link,) = json.loads(host.ip("-json", "link", "show", "dev", "eth0"))
    return str(link["address"])


def test_a_clone_on_the_link_is_found_and_loses_nothing_by_it(
    hosts: tuple[Namespace, Namespace],
) -> None:
    one, other = hosts
    assert claimants(one) == frozenset()
    other.ip("address", "add", f"{ADDRESS}/24", "dev", "eth0")
    assert claimants(one) == {mac_of(other)}
    assert claimants(other) == {mac_of(one)}
    for host in hosts:
        assert host.ip("neighbour", "show").strip() == ""
    other.ip("address", "delete", f"{ADDRESS}/24", "dev", "eth0")
    assert claimants(one) == frozenset()


def test_another_card_of_the_same_host_on_the_link_is_no_clone(
    made: Namespaces, hosts: tuple[Namespace, Namespace]
) -> None:
    one, other = hosts
    made.join(one, "eth1", other, "eth1")
    other.ip("link", "add", "br0", "type", "bridge")
    for port in ("eth0", "eth1"):
        other.ip("link", "set", port, "master", "br0")
    other.ip("link", "set", "br0", "up")
    answered = one.run("sysctl", "-n", "net.ipv4.conf.all.arp_ignore").stdout.strip()
    assert answered == "0"
    assert claimants(one) == frozenset()


def test_a_device_that_is_not_ethernets_has_no_such_link(
    hosts: tuple[Namespace, Namespace],
) -> None:
    hosts[0].ip("tuntap", "add", "flannel0", "mode", "tun")
    hosts[0].ip("link", "set", "flannel0", "up")
    assert claimants(hosts[0], "flannel0") == frozenset()
