# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Select the underlay interface and address by flannel's rules (pkg/ipmatch/match.go). No I/O."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address

from ..errors import WeftError
from ..kernel.links import Link, Links


@dataclass(frozen=True, slots=True)
class InterfaceSettings:
    """The settings that select the interface; by default that of the default route.

    interfaces: names or addresses, the first match wins. patterns: regular expressions, matched
    against addresses first, then names. can_reach: if none matches, the interface of the route to
    this address. public_ip: the address in the lease; also used as source if the interface has it.
    """

    interfaces: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    can_reach: IPv4Address | None = None
    public_ip: IPv4Address | None = None


@dataclass(frozen=True, slots=True)
class Underlay:
    """The selected interface, its address, the public IP of the host, and the MTU in bytes.

    other_addresses: further addresses of the interface, if only their order decided.
    """

    interface: str
    address: IPv4Address
    public_ip: IPv4Address
    mtu: int
    other_addresses: tuple[IPv4Address, ...] = ()


class UnderlayError(WeftError):
    """No interface matches; the message has the settings and the interfaces of the host."""


def select_underlay(
    settings: InterfaceSettings, links: Links, towards: str | None = None
) -> Underlay:
    """Return the underlay that the settings select.

    towards: the interface of the route to settings.can_reach. Raises UnderlayError.
    """
    link, address = _select(settings, links, towards)
    usable = link.usable_addresses()
    if settings.public_ip in usable:
        return Underlay(link.name, settings.public_ip, settings.public_ip, link.mtu)
    named = settings.public_ip is not None or str(address) in settings.interfaces
    others = () if named else tuple(other for other in usable if other != address)
    return Underlay(link.name, address, settings.public_ip or address, link.mtu, others)


def _select(
    settings: InterfaceSettings, links: Links, towards: str | None
) -> tuple[Link, IPv4Address]:
    for name in settings.interfaces:
        found = _by_address(name, links) or _by_name(name, links)
        if found:
            return found
    for pattern in settings.patterns:
        found = _by_pattern(re.compile(pattern), links)
        if found:
            return found
    if (settings.interfaces or settings.patterns) and settings.can_reach is None:
        raise UnderlayError(
            f"no interface matches {', '.join((*settings.interfaces, *settings.patterns))}: "
            f"the host has {_inventory(links)}; correct interface or interface_regex"
        )
    if settings.can_reach is not None:
        if towards is None:
            raise UnderlayError(f"no route to {settings.can_reach}; correct can_reach")
        return _with_address(towards, links, f"the route to {settings.can_reach}")
    if links.default is None:
        raise UnderlayError(
            f"no default route to select the interface: set interface to one of {_inventory(links)}"
        )
    return _with_address(links.default, links, "the default route")


def _by_address(text: str, links: Links) -> tuple[Link, IPv4Address] | None:
    try:
        address = IPv4Address(text)
    except AddressValueError:
        return None
    return next(
        ((link, address) for link in links.links if address in link.usable_addresses()), None
    )


def _by_name(name: str, links: Links) -> tuple[Link, IPv4Address] | None:
    link = links.named(name)
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
            f"{reason} uses {name}, which has no usable IPv4 address: "
            f"add one, or set interface to one of {_inventory(links)}"
        )
    return link, addresses[0]


def _inventory(links: Links) -> str:
    return ", ".join(
        f"{link.name} ({', '.join(map(str, link.usable_addresses()))})"
        for link in links.links
        if link.usable_addresses()
    )
