# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The links of the host, their addresses, and the routes that weft did not add, as values."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv4Network

from .state import DEVICE_ALIAS, HostState, VxlanDevice

# IFLA_INFO_KIND of the two kinds of overlay device.
TUN = "tun"
VXLAN = "vxlan"


@dataclass(frozen=True, slots=True)
class LinkAddress:
    """An IPv4 address of a link; usable when global and not deprecated."""

    interface: IPv4Interface
    usable: bool = True


@dataclass(frozen=True, slots=True)
class Link:
    """A link of the host; mtu in bytes. vxlan: its VXLAN options, None for other kinds."""

    name: str
    index: int
    mtu: int
    up: bool
    addresses: tuple[LinkAddress, ...] = ()
    kind: str | None = None
    alias: str | None = None
    vxlan: VxlanDevice | None = None

    def usable_addresses(self) -> list[IPv4Address]:
        """Return the global addresses that are not deprecated, in the kernel's order."""
        return [entry.interface.ip for entry in self.addresses if entry.usable]


@dataclass(frozen=True, slots=True)
class UnderlayRoute:
    """A route of the main table that weft did not add; device: None for a multipath route."""

    destination: IPv4Network
    device: str | None
    gateway: IPv4Address | None = None
    metric: int = 0


@dataclass(frozen=True, slots=True)
class RouteLookup:
    """The result of a route lookup; local: the address is one of this host."""

    device: str
    gateway: IPv4Address | None = None
    local: bool = False


@dataclass(frozen=True, slots=True)
class Links:
    """All links of the host, and the routes that weft did not add."""

    links: tuple[Link, ...]
    routes: tuple[UnderlayRoute, ...] = ()

    @property
    def default(self) -> str | None:
        """The device of the default route with the lowest metric; None if there is none."""
        defaults = [
            (route.metric, route.device)
            for route in self.routes
            if route.destination.prefixlen == 0 and route.device is not None
        ]
        return min(defaults)[1] if defaults else None

    def named(self, name: str) -> Link | None:
        """Return the link of that name, if there is one."""
        return next((link for link in self.links if link.name == name), None)

    def on_link(self, addresses: Iterable[IPv4Address], device: str) -> frozenset[IPv4Address]:
        """Return those of the addresses that the device reaches without a gateway."""
        best_first = sorted(self.routes, key=lambda r: (-r.destination.prefixlen, r.metric))

        def is_on_link(address: IPv4Address) -> bool:
            best = next((route for route in best_first if address in route.destination), None)
            return best is not None and best.device == device and best.gateway is None

        return frozenset(filter(is_on_link, addresses))


def leftovers(desired: HostState, links: Links) -> list[Link]:
    """Return the devices to delete: weft's unused ones, and desired names of a wrong kind."""
    vxlan = {device.name for device in desired.vxlan_devices}
    wanted = {device.name: VXLAN if device.name in vxlan else TUN for device in desired.devices}
    return [
        link
        for link in links.links
        if link.kind in (TUN, VXLAN)
        and (link.kind != wanted[link.name] if link.name in wanted else link.alias == DEVICE_ALIAS)
    ]
