# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network

import pytest

from ansible_collections.weft.overlay.plugins.module_utils.weft.kernel.links import (
    Link,
    Links,
    UnderlayRoute,
    leftovers,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.kernel.state import (
    Device,
    HostState,
    VxlanDevice,
)

GATEWAY = IPv4Address("10.168.0.1")


def route(
    destination: str, device: str | None, gateway: bool = False, metric: int = 0
) -> UnderlayRoute:
    return UnderlayRoute(IPv4Network(destination), device, GATEWAY if gateway else None, metric)


HOST = Links(
    (),
    (
        route("0.0.0.0/0", "eth0", gateway=True, metric=100),
        route("0.0.0.0/0", "eth1", gateway=True, metric=50),
        route("10.168.0.0/24", "eth0"),
        route("10.168.0.128/25", "eth0", gateway=True),
        route("10.169.0.0/24", "eth1"),
        route("10.170.0.0/24", "eth0", metric=200),
        route("10.170.0.0/24", "eth0", gateway=True, metric=100),
        route("10.171.0.0/24", None),
    ),
)


def test_the_default_is_that_of_the_best_metric() -> None:
    assert HOST.default == "eth1"
    assert Links(()).default is None
    several = Links((), (route("0.0.0.0/0", None), route("0.0.0.0/0", "eth0", metric=9)))
    assert several.default == "eth0"


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("10.168.0.12", True),
        # A longer prefix, a better metric, another link, several links, the default route.
        ("10.168.0.200", False),
        ("10.170.0.5", False),
        ("10.169.0.5", False),
        ("10.171.0.5", False),
        ("192.0.2.1", False),
    ],
)
def test_on_link_is_what_the_best_route_reaches_without_a_gateway(
    address: str, expected: bool
) -> None:
    asked = IPv4Address(address)
    assert HOST.on_link([asked], "eth0") == ({asked} if expected else frozenset())


def test_without_routes_nothing_is_on_link() -> None:
    assert Links(()).on_link([GATEWAY], "eth0") == frozenset()


def link(name: str, kind: str | None, alias: str | None = None) -> Link:
    return Link(name, 2, 1500, up=True, kind=kind, alias=alias)


VXLAN = VxlanDevice("flannel.1", 1, "eth0", IPv4Address("10.168.0.11"), 8472, "02:77:0a:a8:00:0b")
IN_KERNEL = HostState(frozenset({Device("flannel.1", 1450)}), vxlan_devices=frozenset({VXLAN}))
IN_USERSPACE = HostState(frozenset({Device("flannel.1", 1450)}))


@pytest.mark.parametrize(
    ("desired", "there", "stale"),
    [
        (IN_KERNEL, link("flannel.1", "vxlan", "weft"), False),
        # As flannel left it: taken over, with any alias.
        (IN_KERNEL, link("flannel.1", "vxlan"), False),
        (IN_KERNEL, link("flannel.1", "tun", "weft"), True),
        (IN_KERNEL, link("flannel0", "tun", "weft"), True),
        (IN_KERNEL, link("flannel.2", "vxlan", "weft"), True),
        (IN_KERNEL, link("flannel.2", "vxlan"), False),
        (IN_KERNEL, link("tun0", "tun"), False),
        (IN_KERNEL, link("flannel.1", "bridge"), False),
        (IN_KERNEL, link("eth0", None, "weft"), False),
        (IN_USERSPACE, link("flannel.1", "tun", "weft"), False),
        (IN_USERSPACE, link("flannel.1", "tun"), False),
        (IN_USERSPACE, link("flannel.1", "vxlan", "weft"), True),
        (IN_USERSPACE, link("flannel.1", "vxlan"), True),
        (HostState(), link("flannel.1", "vxlan", "weft"), True),
        (HostState(), link("flannel.1", "vxlan"), False),
    ],
)
def test_leftovers_are_wefts_devices_and_those_with_a_desired_name(
    desired: HostState, there: Link, stale: bool
) -> None:
    assert leftovers(desired, Links((there,))) == ([there] if stale else [])
