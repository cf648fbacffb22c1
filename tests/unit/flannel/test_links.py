# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from ipaddress import IPv4Network
from typing import Any

import pytest

from ansible_collections.weft.overlay.plugins.module_utils.flannel.links import (
    DEVICE_PATTERNS,
    left_devices,
    left_routes,
)

NETWORK = IPv4Network("100.96.0.0/16")


def link(name: str, kind: str | None) -> dict[str, Any]:
    return {"ifname": name, **({"linkinfo": {"info_kind": kind}} if kind else {})}


def route(destination: str, device: str, protocol: str = "3", **others: Any) -> dict[str, Any]:
    return {"type": "unicast", "dst": destination, "dev": device, "protocol": protocol, **others}


def devices(*links: dict[str, Any], keep: tuple[str, ...] = ()) -> tuple[str, ...]:
    return left_devices(json.dumps(links), DEVICE_PATTERNS, keep)


def routes(*entries: dict[str, Any]) -> list[str]:
    return [str(left) for left in left_routes(json.dumps(entries), NETWORK, DEVICE_PATTERNS)]


def test_devices_with_flannels_names_and_kinds_are_removed() -> None:
    links = [
        link("lo", None),
        link("flannel0", "tun"),
        link("flannel.1", "vxlan"),
        link("flannel-v6.1", "vxlan"),
        link("flannel.mine", "bridge"),
        link("vxlan1", "vxlan"),
    ]
    assert devices(*links) == ("flannel-v6.1", "flannel.1", "flannel0")
    assert devices(*links, keep=("flannel.1",)) == ("flannel-v6.1", "flannel0")


@pytest.mark.parametrize("text", ["", "[]", "[{}]"])
def test_an_empty_output_has_nothing(text: str) -> None:
    assert left_devices(text, DEVICE_PATTERNS, ()) == ()
    assert left_routes(text, NETWORK, DEVICE_PATTERNS) == ()


def test_routes_of_every_backend_are_removed() -> None:
    assert routes(
        route("100.96.0.0/16", "flannel0"),
        route("100.96.2.0/24", "flannel.1", gateway="100.96.2.0", flags=["onlink"]),
        route("100.96.3.0/24", "eth0", gateway="192.0.2.13"),
        route("100.96.4.0/24", "eth0", gateway="192.0.2.14", metric=100),
    ) == [
        "100.96.0.0/16 dev flannel0 proto 3",
        "100.96.2.0/24 via 100.96.2.0 dev flannel.1 proto 3",
        "100.96.3.0/24 via 192.0.2.13 dev eth0 proto 3",
        "100.96.4.0/24 via 192.0.2.14 dev eth0 proto 3 metric 100",
    ]


@pytest.mark.parametrize(
    "entry",
    [
        route("default", "eth0", gateway="192.0.2.1"),
        route("100.96.2.0/24", "docker0", "2"),
        route("100.96.0.0/16", "flannel0", "87"),
        route("100.96.3.0/24", "eth0", "87", gateway="192.0.2.13"),
        route("100.96.3.0/24", "eth0", "4", gateway="192.0.2.13"),
        route("100.96.3.0/24", "tun0"),
        route("10.1.0.0/16", "flannel0"),
        route("10.1.0.0/16", "eth0", gateway="192.0.2.13"),
        route("100.0.0.0/8", "eth0", gateway="192.0.2.13"),
        {"type": "blackhole", "dst": "100.96.0.0/16", "protocol": "3"},
    ],
)
def test_other_routes_are_kept(entry: dict[str, Any]) -> None:
    assert routes(entry) == []
