# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Select the underlay interface and address by flannel's rules (pkg/ipmatch/match.go). No I/O."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv4Network

from ..errors import WeftError
from ..kernel.links import Link, Links


@dataclass(frozen=True, slots=True)
class InterfaceSettings:
    """The settings that select the interface; by default that of the default route.

    interfaces: names or addresses, the first match wins. patterns: regular expressions, matched
    against addresses first, then names. can_reach: if none matches, the interface of the route to
    this address. public_ip: the address in the lease; also used as source if the interface has it.
    Without other settings, the interface that has public_ip is selected: a second default route
    does not move a host. address: the address of the interface when the settings were written.
    """

    interfaces: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    can_reach: IPv4Address | None = None
    public_ip: IPv4Address | None = None
    address: IPv4Address | None = None


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


def address_problems(
    settings: InterfaceSettings, underlay: Underlay, links: Links, subnet: IPv4Network
) -> list[str]:
    """Return why the public IP of the lease of *subnet* is not that of the selected interface.

    A public IP that no interface has is that of a NAT gateway, unless an interface had it when the
    settings were written.
    """
    public_ip = underlay.public_ip
    holder = link_with(public_ip, links)
    if holder is not None and holder.name != underlay.interface and _reaches_hosts(holder):
        return [
            f"the lease {subnet} is registered for {public_ip} of {holder.name}, but the interface "
            f"settings select {underlay.interface} ({underlay.address}): run site.yml, and set "
            "overlay_public_ip or overlay_interface so that both name one interface"
        ]
    given = settings.address
    if given is not None and link_with(given, links) is None:
        return [
            f"the lease {subnet} is registered for {public_ip}, but no interface has {given} any "
            f"more; this host has {_inventory(links)}: run site.yml, which moves the lease to the "
            "new address"
        ]
    return []


def link_with(address: IPv4Address, links: Links) -> Link | None:
    """Return the link that has a usable address."""
    return next((link for link in links.links if address in link.usable_addresses()), None)


def _reaches_hosts(link: Link) -> bool:
    """Return whether packets can leave the host by the link: loopback and dummy devices hold
    addresses that routing protocols announce on other links.
    """
    return link.name != "lo" and link.kind != "dummy"


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
    if settings.public_ip is not None:
        holder = link_with(settings.public_ip, links)
        if holder is not None and _reaches_hosts(holder):
            return holder, settings.public_ip
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
