# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tailscale's and NetBird's addresses, routes and rules in the overlay's network."""

from __future__ import annotations

import json
from ipaddress import IPv4Network
from typing import Any

import pytest

from ansible_collections.weft.overlay.plugins.module_utils.weft.kernel.network_conflicts import (
    ConflictKind,
    NetworkConflict,
    find_conflicts,
)

NETWORK = IPv4Network("100.96.0.0/16")
# As Tailscale 1.80 writes them with iptables.
TAILSCALE = """\
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:ts-forward - [0:0]
:ts-input - [0:0]
-A INPUT -j ts-input
-A FORWARD -j ts-forward
-A ts-forward -i tailscale0 -j MARK --set-xmark 0x40000/0xff0000
-A ts-forward -s 100.64.0.0/10 -o tailscale0 -j DROP
-A ts-input -s 100.101.5.7/32 -i lo -j ACCEPT
-A ts-input -s 100.115.92.0/23 ! -i tailscale0 -j RETURN
-A ts-input -s 100.64.0.0/10 ! -i tailscale0 -j DROP
-A ts-input -i tailscale0 -j ACCEPT
COMMIT
"""


def link(name: str, address: str, kind: str | None = None, alias: str | None = None) -> Any:
    local, _, length = address.partition("/")
    return {
        "ifname": name,
        "ifalias": alias,
        "linkinfo": {"info_kind": kind} if kind else {},
        "addr_info": [{"local": local, "prefixlen": int(length)}],
    }


OWN = [
    link("eth0", "192.0.2.11/24"),
    link("docker0", "100.96.1.1/24", "bridge"),
    link("flannel.1", "100.96.1.0/32", "vxlan", "weft"),
]
OWN_ROUTES = [
    {"dst": "default", "gateway": "192.0.2.1", "dev": "eth0"},
    {"dst": "100.96.1.0/24", "dev": "docker0", "protocol": "2"},
    {"dst": "100.96.2.0/24", "gateway": "100.96.2.0", "dev": "flannel.1", "protocol": "87"},
    {"dst": "100.96.3.0/24", "gateway": "192.0.2.13", "dev": "eth0", "protocol": "87"},
    {"type": "2", "dst": "100.96.1.1", "dev": "docker0", "table": "255"},
]


def conflicts(
    links: list[Any] | None = None,
    routes: list[Any] | None = None,
    rules: str = "",
    *,
    underlay: str | None = "eth0",
) -> list[NetworkConflict]:
    addresses = json.dumps([*OWN, *(links or [])])
    return find_conflicts(
        NETWORK, addresses, json.dumps([*OWN_ROUTES, *(routes or [])]), rules, underlay
    )


def test_the_overlay_itself_is_no_conflict() -> None:
    assert conflicts() == []


def test_the_rule_of_tailscale_is_named_with_the_command_that_admits_the_overlay() -> None:
    [found] = conflicts(rules=TAILSCALE)
    assert found.kind is ConflictKind.RULE
    assert "-A ts-input -s 100.64.0.0/10 ! -i tailscale0 -j DROP" in found.text
    assert found.fix == "iptables -I ts-input -s 100.96.0.0/16 ! -i eth0 -j ACCEPT"


def test_without_encapsulation_the_command_admits_the_underlay_too() -> None:
    [found] = conflicts(rules=TAILSCALE, underlay=None)
    assert found.fix == "iptables -I ts-input -s 100.96.0.0/16 -j ACCEPT"


def test_after_that_command_there_is_no_conflict() -> None:
    accepted = "-A ts-input -s 100.96.0.0/16 ! -i eth0 -j ACCEPT\n"
    first = "-A ts-input -s 100.101.5.7/32"
    assert conflicts(rules=TAILSCALE.replace(first, accepted + first)) == []


def test_a_chain_that_no_packet_traverses_is_no_conflict() -> None:
    """As with `tailscale set --netfilter-mode=nodivert`."""
    assert conflicts(rules=TAILSCALE.replace("-A INPUT -j ts-input\n", "")) == []


@pytest.mark.parametrize(
    "rule",
    [
        "-s 100.96.0.0/16 -i eth0 -j DROP",
        "-s 100.64.0.0/10 -i eth0 -j DROP",
        "-s 100.64.0.0/10 -p tcp -m tcp --dport 22 -j DROP",
        "-s 100.112.0.0/12 ! -i tailscale0 -j DROP",
        "! -s 100.64.0.0/10 -j DROP",
    ],
    ids=["the network", "from the underlay", "one port", "another range", "all others"],
)
def test_a_rule_for_other_packets_is_no_conflict(rule: str) -> None:
    assert conflicts(rules=f"*filter\n:INPUT ACCEPT [0:0]\n-A INPUT {rule}\nCOMMIT\n") == []


@pytest.mark.parametrize("address", ["100.96.7.1/32", "100.96.0.0/10", "100.96.128.1/17"])
def test_an_address_in_the_network_is_named(address: str) -> None:
    [found] = conflicts([link("wt0", address, "wireguard")])
    assert found.kind is ConflictKind.ADDRESS
    assert found.text.startswith(f"wt0 has the address {address}")


def test_an_address_beside_the_network_is_no_conflict() -> None:
    assert conflicts([link("tailscale0", "100.101.5.7/32", "tun")]) == []


@pytest.mark.parametrize(
    ("route", "shown"),
    [
        (
            {"dst": "100.96.2.7", "dev": "tailscale0", "table": "52"},
            "100.96.2.7/32 dev tailscale0 table 52",
        ),
        ({"dst": "100.64.0.0/10", "dev": "wt0", "table": "7120"}, "100.64.0.0/10 dev wt0 table"),
        ({"dst": "100.96.2.0/25", "gateway": "192.0.2.9", "dev": "eth0"}, "100.96.2.0/25 dev eth0"),
    ],
    ids=["a host of Tailscale", "a range in another table", "more specific"],
)
def test_a_route_that_takes_packets_of_the_overlay_is_named(
    route: dict[str, str], shown: str
) -> None:
    [found] = conflicts(routes=[route])
    assert found.kind is ConflictKind.ROUTE
    assert shown in found.text


@pytest.mark.parametrize(
    "route",
    [
        {"dst": "100.64.0.0/10", "dev": "wt0"},
        {"dst": "10.0.0.0/8", "dev": "eth1"},
        {"type": "9", "dst": "100.96.0.0/16", "dev": "tailscale0", "table": "52"},
    ],
    ids=["wider in the main table", "elsewhere", "throw"],
)
def test_another_route_is_no_conflict(route: dict[str, str]) -> None:
    assert conflicts(routes=[route]) == []
