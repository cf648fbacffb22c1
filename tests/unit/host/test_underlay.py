# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface, IPv4Network

import pytest

from ansible_collections.weft.overlay.plugins.module_utils.weft.host.underlay import (
    InterfaceSettings,
    Underlay,
    UnderlayError,
    address_problems,
    select_underlay,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.kernel.links import (
    Link,
    LinkAddress,
    Links,
    UnderlayRoute,
)


def link(name: str, index: int, *addresses: str, deprecated: str = "", mtu: int = 1500) -> Link:
    entries = [LinkAddress(IPv4Interface(deprecated), usable=False)] if deprecated else []
    entries += [LinkAddress(IPv4Interface(address)) for address in addresses]
    return Link(name, index, mtu, up=True, addresses=tuple(entries))


HOST = Links(
    (
        Link(
            "lo", 1, 65536, up=True, addresses=(LinkAddress(IPv4Interface("127.0.0.1/8"), False),)
        ),
        link("eth0", 2, "10.168.0.11/24", "10.168.0.12/24", deprecated="10.168.0.9/24"),
        link("eth1", 3, "192.168.7.2/24", mtu=9000),
        link("eth2", 4),
    ),
    (UnderlayRoute(IPv4Network("0.0.0.0/0"), "eth0", IPv4Address("10.168.0.1")),),
)


def choose(choice: InterfaceSettings, links: Links = HOST, towards: str | None = None) -> Underlay:
    return select_underlay(choice, links, towards)


def test_the_default_is_the_interface_of_the_default_route_and_its_first_usable_address() -> None:
    address = IPv4Address("10.168.0.11")
    other = IPv4Address("10.168.0.12")
    assert choose(InterfaceSettings()) == Underlay("eth0", address, address, 1500, (other,))
    assert choose(InterfaceSettings(interfaces=(str(other),))).other_addresses == ()
    assert choose(InterfaceSettings(interfaces=("eth1",))).other_addresses == ()


def test_the_public_ip_is_only_used_in_the_lease() -> None:
    public_ip = IPv4Address("192.0.2.7")
    assert choose(InterfaceSettings(public_ip=public_ip)) == Underlay(
        "eth0", IPv4Address("10.168.0.11"), public_ip, 1500
    )


def test_a_public_ip_that_is_the_interfaces_own_is_its_address_too() -> None:
    public_ip = IPv4Address("10.168.0.12")
    assert choose(InterfaceSettings(public_ip=public_ip)) == Underlay(
        "eth0", public_ip, public_ip, 1500
    )


@pytest.mark.parametrize(
    ("choice", "interface", "address"),
    [
        (InterfaceSettings(interfaces=("eth1",)), "eth1", "192.168.7.2"),
        (InterfaceSettings(interfaces=("10.168.0.12",)), "eth0", "10.168.0.12"),
        # The first that fits wins, and one without an address does not fit.
        (InterfaceSettings(interfaces=("eth9", "eth2", "eth1", "eth0")), "eth1", "192.168.7.2"),
        # A regular expression looks at all addresses before any name.
        (InterfaceSettings(patterns=("eth0|192",)), "eth1", "192.168.7.2"),
        (InterfaceSettings(patterns=(r"\.12$",)), "eth0", "10.168.0.12"),
        (InterfaceSettings(patterns=("eth[12]",)), "eth1", "192.168.7.2"),
        (InterfaceSettings(patterns=("wlan", "eth1")), "eth1", "192.168.7.2"),
        # Names come before patterns, both before can_reach.
        (InterfaceSettings(interfaces=("eth1",), patterns=("eth0",)), "eth1", "192.168.7.2"),
        (
            InterfaceSettings(patterns=("eth1",), can_reach=IPv4Address("10.168.0.1")),
            "eth1",
            "192.168.7.2",
        ),
    ],
)
def test_the_selected_interface(choice: InterfaceSettings, interface: str, address: str) -> None:
    chosen = choose(choice, towards="eth0" if choice.can_reach else None)
    assert (chosen.interface, chosen.address) == (interface, IPv4Address(address))


@pytest.mark.parametrize("others", [{}, {"interfaces": ("eth9",)}, {"patterns": ("wlan",)}])
def test_can_reach_is_used_if_nothing_else_matches(others: dict[str, tuple[str, ...]]) -> None:
    choice = InterfaceSettings(can_reach=IPv4Address("192.168.7.1"), **others)  # type: ignore[arg-type]
    assert choose(choice, towards="eth1").interface == "eth1"


@pytest.mark.parametrize(
    ("choice", "links", "said"),
    [
        (InterfaceSettings(interfaces=("eth9", "10.0.0.1")), HOST, ["eth9, 10.0.0.1", "correct"]),
        (InterfaceSettings(interfaces=("10.168.0.9",)), HOST, ["10.168.0.9"]),
        (InterfaceSettings(interfaces=("eth2",)), HOST, ["eth2"]),
        (InterfaceSettings(patterns=("^127",)), HOST, ["^127", "interface_regex"]),
        (
            InterfaceSettings(can_reach=IPv4Address("203.0.113.1")),
            HOST,
            ["203.0.113.1", "can_reach"],
        ),
        (InterfaceSettings(), replace(HOST, routes=()), ["no default route", "set interface"]),
        (
            InterfaceSettings(),
            replace(HOST, routes=(replace(HOST.routes[0], device="eth2"),)),
            ["eth2", "no usable IPv4 address"],
        ),
    ],
)
def test_an_error_names_the_settings_and_the_fix(
    choice: InterfaceSettings, links: Links, said: list[str]
) -> None:
    with pytest.raises(UnderlayError) as refused:
        choose(choice, links)
    for words in said:
        assert words in str(refused.value)


def test_an_error_lists_the_usable_interfaces() -> None:
    with pytest.raises(UnderlayError) as refused:
        choose(InterfaceSettings(interfaces=("eth9",)))
    assert "eth0 (10.168.0.11, 10.168.0.12), eth1 (192.168.7.2);" in str(refused.value)


SUBNET = IPv4Network("100.96.2.0/24")


def problems(choice: InterfaceSettings, links: Links = HOST) -> list[str]:
    return address_problems(choice, choose(choice, links), links, SUBNET)


def test_another_default_route_does_not_move_the_host() -> None:
    public_ip = IPv4Address("192.168.7.2")
    choice = InterfaceSettings(public_ip=public_ip, address=public_ip)
    assert choose(choice) == Underlay("eth1", public_ip, public_ip, 9000)
    multipath = UnderlayRoute(IPv4Network("0.0.0.0/0"), None)
    assert choose(choice, replace(HOST, routes=(multipath,))).interface == "eth1"
    assert problems(choice) == []


def test_an_announced_address_of_a_loopback_device_selects_no_interface() -> None:
    public_ip = IPv4Address("192.0.2.7")
    loopback = link("lo", 1, "192.0.2.7/32")
    links = replace(HOST, links=(loopback, *HOST.links[1:]))
    choice = InterfaceSettings(public_ip=public_ip, address=public_ip)
    assert choose(choice, links).interface == "eth0"
    assert problems(choice, links) == []


def test_an_address_that_the_host_has_lost_is_a_problem() -> None:
    lost = IPv4Address("10.168.0.77")
    [problem] = problems(InterfaceSettings(public_ip=lost, address=lost))
    assert "100.96.2.0/24 is registered for 10.168.0.77, but no interface has" in problem
    assert "eth0 (10.168.0.11, 10.168.0.12), eth1 (192.168.7.2): run site.yml" in problem


def test_a_public_ip_of_a_nat_gateway_is_no_problem() -> None:
    nat = IPv4Address("198.51.100.7")
    assert problems(InterfaceSettings(public_ip=nat, address=IPv4Address("10.168.0.11"))) == []
    assert problems(InterfaceSettings(public_ip=nat)) == []


def test_a_public_ip_of_another_interface_than_the_selected_one_is_a_problem() -> None:
    choice = InterfaceSettings(interfaces=("eth1",), public_ip=IPv4Address("10.168.0.11"))
    [problem] = problems(choice)
    assert "registered for 10.168.0.11 of eth0, but the interface settings select eth1" in problem
