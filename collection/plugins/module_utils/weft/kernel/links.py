# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The host's links, their addresses, and the routes to its underlay, as values."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv4Network

from .state import DEVICE_ALIAS, HostState, VxlanDevice

# IFLA_INFO_KIND of the two kinds of device that carry an overlay.
TUN = "tun"
VXLAN = "vxlan"


@dataclass(frozen=True, slots=True)
class LinkAddress:
    """An IPv4 address of a link; usable when global and not deprecated."""

    interface: IPv4Interface
    usable: bool = True


@dataclass(frozen=True, slots=True)
class Link:
    """A link of the host; mtu in bytes. vxlan is what it is as a VXLAN device, if it is one."""

    name: str
    index: int
    mtu: int
    up: bool
    addresses: tuple[LinkAddress, ...] = ()
    kind: str | None = None
    alias: str | None = None
    vxlan: VxlanDevice | None = None

    def usable_addresses(self) -> list[IPv4Address]:
        """The addresses that another host could be told, in the kernel's order."""
        return [entry.interface.ip for entry in self.addresses if entry.usable]


@dataclass(frozen=True, slots=True)
class UnderlayRoute:
    """A route of the main table that is not weft's; device is None where it has several."""

    destination: IPv4Network
    device: str | None
    gateway: IPv4Address | None = None
    metric: int = 0


@dataclass(frozen=True, slots=True)
class RouteLookup:
    """Where the kernel would send a packet; local tells that it would keep it."""

    device: str
    gateway: IPv4Address | None = None
    local: bool = False


@dataclass(frozen=True, slots=True)
class Links:
    """All links of the host, and the routes that are not the overlay's."""

    links: tuple[Link, ...]
    routes: tuple[UnderlayRoute, ...] = ()

    @property
    def default(self) -> str | None:
        """The name of the link that the default route leaves by, if it is one alone."""
        defaults = [
            (route.metric, route.device)
            for route in self.routes
            if route.destination.prefixlen == 0 and route.device is not None
        ]
        return min(defaults)[1] if defaults else None

    def named(self, name: str) -> Link | None:
        """The link of that name, if there is one."""
        return next((link for link in self.links if link.name == name), None)

    def on_link(self, addresses: Iterable[IPv4Address], device: str) -> frozenset[IPv4Address]:
        """Those of the addresses that the device reaches without a gateway."""
        best_first = sorted(self.routes, key=lambda r: (-r.destination.prefixlen, r.metric))

        def is_on_link(address: IPv4Address) -> bool:
            best = next((route for route in best_first if address in route.destination), None)
            return best is not None and best.device == device and best.gateway is None

        return frozenset(filter(is_on_link, addresses))


def leftovers(desired: HostState, links: Links) -> list[Link]:
    """The devices of another backend or datapath: weft's own, and those in the way of a name."""
    vxlan = {device.name for device in desired.vxlan_devices}
    wanted = {device.name: VXLAN if device.name in vxlan else TUN for device in desired.devices}
    return [
        link
        for link in links.links
        if link.kind in (TUN, VXLAN)
        and (link.kind != wanted[link.name] if link.name in wanted else link.alias == DEVICE_ALIAS)
    ]
