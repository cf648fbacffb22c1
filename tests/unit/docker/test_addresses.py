# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A subnet is free if nothing of the host's but the bridge and the overlay overlaps it."""

from __future__ import annotations

import json
from dataclasses import replace
from ipaddress import IPv4Network

import pytest

from ansible_collections.weft.overlay.plugins.module_utils.docker.addresses import (
    AllowedOverlaps,
    OverlapError,
    UsedRange,
    parse_addresses,
    parse_routes,
    refuse_overlap,
)

SUBNET = IPv4Network("100.96.1.0/24")
OVERLAY = IPv4Network("100.96.0.0/16")
TOLERATED = AllowedOverlaps("docker0", ("flannel*", "weft*"), 87, OVERLAY)


def route(destination: str, device: str = "eth0", protocol: str = "3") -> UsedRange:
    return UsedRange(IPv4Network(destination), device, "route", protocol)


def test_addresses_occupy_their_subnets() -> None:
    answer = [
        {"ifname": "eth0", "addr_info": [{"local": "10.168.0.11", "prefixlen": 24}]},
        {},
        {"ifname": "ppp0", "addr_info": [{"local": "10.9.0.1", "prefixlen": 32}]},
    ]
    found = parse_addresses(json.dumps(answer))
    assert [(str(entry.network), entry.device) for entry in found] == [
        ("10.168.0.0/24", "eth0"),
        ("10.9.0.1/32", "ppp0"),
    ]


def test_default_routes_and_the_local_table_do_not_count() -> None:
    answer = [
        {"dst": "default", "gateway": "10.168.0.1", "dev": "eth0"},
        {"type": "2", "dst": "127.0.0.0/8", "dev": "lo", "table": "255", "protocol": "2"},
        {"dst": "100.96.2.0/24", "dev": "eth0", "protocol": "87"},
        {"type": "6", "dst": "10.0.0.0/8"},
        {"dst": "10.9.0.1", "dev": "ppp0", "protocol": "2"},
    ]
    assert parse_routes(json.dumps(answer)) == [
        route("100.96.2.0/24", "eth0", "87"),
        route("10.0.0.0/8", "", ""),
        route("10.9.0.1/32", "ppp0", "2"),
    ]


@pytest.mark.parametrize("text", ["", "[]", "[{}]"])
def test_a_bare_host_has_nothing(text: str) -> None:
    assert parse_addresses(text) == []
    assert parse_routes(text) == []


@pytest.mark.parametrize(
    "used",
    [
        route("100.96.0.0/16"),
        route("100.96.1.128/25"),
        route("100.64.0.0/10", "tun0"),
        route("100.96.1.7/32", ""),
        replace(route("100.96.1.0/24"), kind="address"),
        route("100.64.0.0/10", "flannel0"),
        route("64.0.0.0/2"),
    ],
)
def test_an_overlap_is_refused_by_name(used: UsedRange) -> None:
    with pytest.raises(OverlapError, match=str(used)):
        refuse_overlap(SUBNET, [used], TOLERATED)


@pytest.mark.parametrize(
    "used",
    [
        route("100.96.2.0/24"),
        route("100.96.1.0/24", "docker0"),
        route("100.96.0.0/16", "flannel0", "2"),
        route("100.96.1.0/24", "weft1"),
        route("100.96.1.0/24", "eth0", "87"),
        route("0.0.0.0/1", "tun0"),
    ],
)
def test_the_bridge_and_the_overlay_are_tolerated(used: UsedRange) -> None:
    refuse_overlap(SUBNET, [used], TOLERATED)


def test_without_a_network_the_overlays_devices_only_decide() -> None:
    anywhere = replace(TOLERATED, overlay_network=None)
    refuse_overlap(SUBNET, [route("100.64.0.0/10", "flannel.1")], anywhere)
    with pytest.raises(OverlapError):
        refuse_overlap(SUBNET, [route("100.64.0.0/10", "eth0")], anywhere)
