# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The door to rtnetlink against a real kernel, in a namespace of the test's own."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface, IPv4Network

import pytest

from ansible_collections.weft.overlay.plugins.module_utils.weft.kernel import events
from ansible_collections.weft.overlay.plugins.module_utils.weft.kernel.change_text import describe
from ansible_collections.weft.overlay.plugins.module_utils.weft.kernel.difference import (
    Add,
    Change,
    Remove,
    difference,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.kernel.links import (
    LinkAddress,
    Links,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.kernel.netlink import Netlink
from ansible_collections.weft.overlay.plugins.module_utils.weft.kernel.state import (
    Address,
    Device,
    HostState,
    Route,
)
from tests.waiting import eventually

from .namespaces import Namespace, Namespaces

DEVICE = Device("flannel0", 1472)
ADDRESS = Address("flannel0", IPv4Interface("100.96.1.0/32"))
ROUTE = Route(IPv4Network("100.96.0.0/16"), "flannel0")
DESIRED = HostState(frozenset({DEVICE}), frozenset({ADDRESS}), frozenset({ROUTE}))


@pytest.fixture
def host(made: Namespaces) -> Namespace:
    """A host with an underlay, eth0, and a bare overlay device."""
    namespace, other = made.add("host"), made.add("other")
    made.join(namespace, "eth0", other, "eth0")
    namespace.ip("address", "add", "10.168.0.11/24", "dev", "eth0")
    namespace.ip("tuntap", "add", "flannel0", "mode", "tun")
    return namespace


@pytest.fixture
def netlink(host: Namespace) -> Iterator[Netlink]:
    with host.entered():
        opened = Netlink()
    with opened:
        yield opened


def reconcile(netlink: Netlink, desired: HostState = DESIRED) -> list[str]:
    return apply(netlink, *difference(desired, read(netlink)))


def apply(netlink: Netlink, *changes: Change) -> list[str]:
    """Make the changes, none of which may be refused; return them in words."""
    done = netlink.apply(changes)
    assert [entry.error for entry in done] == [None] * len(changes)
    return [describe(entry.change) for entry in done]


def refusal(netlink: Netlink, change: Change) -> str:
    (done,) = netlink.apply([change])
    assert done.error is not None
    return done.error


def read(netlink: Netlink) -> HostState:
    return netlink.read_state({"flannel0"})


def named(links: Links, name: str) -> tuple[LinkAddress, ...]:
    link = links.named(name)
    assert link is not None
    return link.addresses


def test_links_have_their_addresses_mtu_and_whether_these_are_usable(
    host: Namespace, netlink: Netlink
) -> None:
    host.ip("link", "set", "eth0", "mtu", "1400")
    host.ip("address", "add", "10.168.0.12/24", "dev", "eth0", "preferred_lft", "0")
    host.ip("address", "add", "169.254.7.7/16", "dev", "eth0", "scope", "link")
    links = netlink.read_links()
    eth0, flannel0 = links.named("eth0"), links.named("flannel0")
    assert eth0 is not None
    assert flannel0 is not None
    assert (eth0.mtu, eth0.up, flannel0.up) == (1400, True, False)
    assert set(eth0.addresses) == {
        LinkAddress(IPv4Interface("10.168.0.11/24")),
        LinkAddress(IPv4Interface("10.168.0.12/24"), usable=False),
        LinkAddress(IPv4Interface("169.254.7.7/16"), usable=False),
    }
    assert eth0.usable_addresses() == [IPv4Address("10.168.0.11")]
    assert not any(entry.usable for entry in named(links, "lo"))
    assert links.default is None


def test_the_default_is_that_of_the_best_metric(host: Namespace, netlink: Netlink) -> None:
    host.ip("link", "set", "flannel0", "up")
    host.ip("route", "add", "default", "dev", "flannel0", "metric", "500")
    assert netlink.read_links().default == "flannel0"
    host.ip("route", "add", "default", "via", "10.168.0.1", "metric", "100")
    assert netlink.read_links().default == "eth0"


def test_the_device_towards_an_address_is_the_kernels_choice(
    host: Namespace, netlink: Netlink
) -> None:
    assert netlink.lookup_device(IPv4Address("10.168.0.99")) == "eth0"
    assert netlink.lookup_device(IPv4Address("203.0.113.1")) is None
    host.ip("route", "add", "unreachable", "203.0.113.0/24")
    assert netlink.lookup_device(IPv4Address("203.0.113.1")) is None


def test_a_bare_device_is_brought_to_the_desired_state_in_one_pass(
    host: Namespace, netlink: Netlink
) -> None:
    assert reconcile(netlink) == [
        "bring up flannel0 with MTU 1472",
        "add address 100.96.1.0/32 dev flannel0",
        "add route 100.96.0.0/16 dev flannel0",
    ]
    assert read(netlink) == DESIRED
    assert "proto 87" in host.ip("route", "show", "100.96.0.0/16")
    assert reconcile(netlink) == []


@pytest.mark.parametrize(
    "damage",
    [
        "link set flannel0 down",
        "link set flannel0 mtu 1300",
        "address flush dev flannel0",
        "route flush proto 87",
        "address add 100.96.9.0/32 dev flannel0",
        "route add 100.96.0.0/17 dev flannel0 proto 87",
    ],
)
def test_damage_is_repaired_in_one_pass(host: Namespace, netlink: Netlink, damage: str) -> None:
    reconcile(netlink)
    host.ip(*damage.split())
    assert reconcile(netlink) != []
    assert read(netlink) == DESIRED


def test_a_changed_subnet_and_network_are_followed_in_one_pass(
    host: Namespace, netlink: Netlink
) -> None:
    reconcile(netlink)
    moved = replace(
        DESIRED,
        addresses=frozenset({Address("flannel0", IPv4Interface("100.96.7.0/32"))}),
    )
    reconcile(netlink, moved)
    assert read(netlink) == moved
    other = replace(moved, routes=frozenset({Route(IPv4Network("100.64.0.0/10"), "flannel0")}))
    reconcile(netlink, other)
    assert read(netlink) == other


def test_routes_by_a_gateway_and_on_link_are_read_as_they_were_made(
    host: Namespace, netlink: Netlink
) -> None:
    by_gateway = Route(IPv4Network("100.96.2.0/24"), "eth0", IPv4Address("10.168.0.12"))
    on_link = Route(
        IPv4Network("100.96.3.0/24"), "flannel0", IPv4Address("100.96.3.0"), on_link=True
    )
    desired = replace(DESIRED, routes=frozenset({ROUTE, by_gateway, on_link}))
    reconcile(netlink, desired)
    assert read(netlink) == desired
    assert apply(netlink, Remove(by_gateway)) == [
        "remove route 100.96.2.0/24 via 10.168.0.12 dev eth0"
    ]
    assert read(netlink).routes == {ROUTE, on_link}


def test_what_is_not_wefts_is_not_seen(host: Namespace, netlink: Netlink) -> None:
    reconcile(netlink)
    host.ip("route", "add", "100.96.5.0/24", "dev", "flannel0")
    host.ip("route", "add", "100.96.6.0/24", "dev", "flannel0", "proto", "87", "table", "99")
    host.ip("address", "add", "10.9.9.9/32", "dev", "eth0")
    assert read(netlink) == DESIRED


def test_a_foreign_route_to_the_destination_is_an_error_and_stays(
    host: Namespace, netlink: Netlink
) -> None:
    host.ip("route", "add", "100.96.0.0/16", "via", "10.168.0.99")
    apply(netlink, Add(DEVICE), Add(ADDRESS))
    said = refusal(netlink, Add(ROUTE))
    for words in ("add route 100.96.0.0/16 dev flannel0", "weft did not add", "ip route show"):
        assert words in said
    assert host.ip("route", "show", "100.96.0.0/16").split() == [
        *("100.96.0.0/16", "via", "10.168.0.99", "dev", "eth0"),
    ]


@pytest.mark.parametrize("change", [Add(DEVICE), Add(ADDRESS), Add(ROUTE), Remove(ADDRESS)])
def test_a_device_that_is_gone_is_an_error_that_names_it(
    host: Namespace, netlink: Netlink, change: Add | Remove
) -> None:
    host.ip("link", "delete", "flannel0")
    assert re.search(r"flannel0.*: no such device", refusal(netlink, change))
    assert read(netlink) == HostState()


def test_a_refusal_of_the_kernel_is_named(netlink: Netlink) -> None:
    assert re.search(r"add route .* dev flannel0: ENETDOWN", refusal(netlink, Add(ROUTE)))


def test_tables_that_change_while_they_are_read_are_read_again(
    host: Namespace, netlink: Netlink
) -> None:
    """A dump that the kernel marks as interrupted is neither an error nor half a truth."""
    reconcile(netlink)
    host.run(
        *("sh", "-c", "for n in $(seq 1 50); do echo link add v$n type bridge; done | ip -batch -"),
    )
    stirring = host.spawn(
        "sh", "-c", "while :; do ip link add stir type bridge; ip link delete stir; done"
    )
    try:
        for _ in range(15):
            links = netlink.read_links()
            assert {f"v{n}" for n in range(1, 51)} < {link.name for link in links.links}
            assert read(netlink) == DESIRED
    finally:
        stirring.kill()
        stirring.wait()


@pytest.mark.parametrize(
    "change",
    [
        "link set flannel0 up",
        "address add 10.168.0.77/24 dev eth0",
        "route add 203.0.113.0/24 dev eth0",
    ],
)
def test_an_event_socket_is_readable_after_a_change_until_it_is_drained(
    host: Namespace, change: str
) -> None:
    with host.entered():
        event_sockets = events.open_event_sockets()
    try:
        assert not any(map(_readable, event_sockets))
        host.ip(*change.split())
        eventually(lambda: any(map(_readable, event_sockets)), "an event socket becomes readable")
        for event_socket in event_sockets:
            events.drain(event_socket)
        assert not any(map(_readable, event_sockets))
    finally:
        for event_socket in event_sockets:
            event_socket.close()


def _readable(event_socket: socket.socket) -> bool:
    try:
        return bool(event_socket.recv(1, socket.MSG_PEEK))
    except BlockingIOError:
        return False
