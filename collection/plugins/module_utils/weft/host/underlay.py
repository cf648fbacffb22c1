# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which interface and address carry the overlay: flannel's rules (pkg/ipmatch/match.go). No I/O."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address

from ..errors import WeftError
from ..kernel.links import Link, Links


@dataclass(frozen=True, slots=True)
class InterfaceChoice:
    """What the operator asked for; with nothing given, the default route's interface.

    interfaces: names or addresses, the first that fits wins. patterns: regular expressions,
    matched against addresses first, then names. can_reach: where none of those fits, the interface
    that the kernel would use towards this address. public_ip: what the other hosts are told; if
    the interface has several addresses, that one is used, too.
    """

    interfaces: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    can_reach: IPv4Address | None = None
    public_ip: IPv4Address | None = None


@dataclass(frozen=True, slots=True)
class Underlay:
    """The chosen interface, its address, the address the others know, its MTU in bytes.

    others are further addresses that it could have been, if nothing but their order decided.
    """

    interface: str
    address: IPv4Address
    public_ip: IPv4Address
    mtu: int
    others: tuple[IPv4Address, ...] = ()


class UnderlayError(WeftError):
    """No interface fits; the message names what was asked and what there is."""


def choose_underlay(choice: InterfaceChoice, links: Links, towards: str | None = None) -> Underlay:
    """The underlay by the operator's choice.

    towards is the name of the interface that leads to choice.can_reach. Raises UnderlayError.
    """
    link, address = _choose(choice, links, towards)
    usable = link.usable_addresses()
    if choice.public_ip in usable:
        return Underlay(link.name, choice.public_ip, choice.public_ip, link.mtu)
    named = choice.public_ip is not None or str(address) in choice.interfaces
    others = () if named else tuple(other for other in usable if other != address)
    return Underlay(link.name, address, choice.public_ip or address, link.mtu, others)


def _choose(choice: InterfaceChoice, links: Links, towards: str | None) -> tuple[Link, IPv4Address]:
    for wanted in choice.interfaces:
        found = _by_address(wanted, links) or _by_name(wanted, links)
        if found:
            return found
    for pattern in choice.patterns:
        found = _by_pattern(re.compile(pattern), links)
        if found:
            return found
    if (choice.interfaces or choice.patterns) and choice.can_reach is None:
        raise UnderlayError(
            f"no interface fits {', '.join((*choice.interfaces, *choice.patterns))}: "
            f"the host has {_inventory(links)}; correct interface or interface_regex"
        )
    if choice.can_reach is not None:
        if towards is None:
            raise UnderlayError(f"no route leads to {choice.can_reach}; correct can_reach")
        return _with_address(towards, links, f"the route to {choice.can_reach}")
    if links.default is None:
        raise UnderlayError(
            f"there is no default route to choose the interface by: set interface to one of "
            f"{_inventory(links)}"
        )
    return _with_address(links.default, links, "the default route")


def _by_address(wanted: str, links: Links) -> tuple[Link, IPv4Address] | None:
    try:
        address = IPv4Address(wanted)
    except AddressValueError:
        return None
    return next(
        ((link, address) for link in links.links if address in link.usable_addresses()), None
    )


def _by_name(wanted: str, links: Links) -> tuple[Link, IPv4Address] | None:
    link = links.named(wanted)
    addresses = link.usable_addresses() if link else []
    return (link, addresses[0]) if link and addresses else None


def _by_pattern(pattern: re.Pattern[str], links: Links) -> tuple[Link, IPv4Address] | None:
    for link in links.links:
        for address in link.usable_addresses():
            if pattern.search(str(address)):
                return link, address
    for link in links.links:
        if pattern.search(link.name) and link.usable_addresses():
            return link, link.usable_addresses()[0]
    return None


def _with_address(name: str, links: Links, reason: str) -> tuple[Link, IPv4Address]:
    link = links.named(name)
    addresses = link.usable_addresses() if link else []
    if link is None or not addresses:
        raise UnderlayError(
            f"{reason} leads to {name}, which has no usable IPv4 address: "
            f"give it one, or set interface to one of {_inventory(links)}"
        )
    return link, addresses[0]


def _inventory(links: Links) -> str:
    return ", ".join(
        f"{link.name} ({', '.join(map(str, link.usable_addresses()))})"
        for link in links.links
        if link.usable_addresses()
    )
