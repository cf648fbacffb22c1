# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the kernel should hold for the overlay, what it holds, and the difference.

Values and one pure function. Everything here is weft's own: the reader leaves out what weft did
not make (routes of another protocol number, devices that no backend asked for), so that the
difference can never name it.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from typing import TypeAlias

# rtm_protocol of weft's routes: free in iproute2's etc/rt_protos, above the reserved 0 to 4.
ROUTE_PROTOCOL = 87


@dataclass(frozen=True, slots=True, order=True)
class Device:
    """An overlay device that is up, with its MTU in bytes."""

    name: str
    mtu: int


@dataclass(frozen=True, slots=True, order=True)
class Address:
    """An address of an overlay device."""

    device: str
    address: IPv4Interface


@dataclass(frozen=True, slots=True)
class Route:
    """A route of the main table with weft's protocol number."""

    destination: IPv4Network
    device: str
    gateway: IPv4Address | None = None
    on_link: bool = False


@dataclass(frozen=True, slots=True)
class HostState:
    """Devices, addresses and routes of the overlay on one host."""

    devices: frozenset[Device] = frozenset()
    addresses: frozenset[Address] = frozenset()
    routes: frozenset[Route] = frozenset()


@dataclass(frozen=True, slots=True)
class Add:
    """Make the kernel hold this."""

    what: Device | Address | Route


@dataclass(frozen=True, slots=True)
class Remove:
    """Make the kernel hold this no longer."""

    what: Address | Route


Change: TypeAlias = "Add | Remove"


def difference(desired: HostState, actual: HostState) -> list[Change]:
    """The changes that turn actual into desired, in an order the kernel accepts.

    Stale routes go before anything new comes, since a changed route has the destination of the
    one it replaces; a device is up before its address, the address there before the routes that
    take their source from it. A stale address goes after the new one came: with the last address
    of a device the kernel drops all of its routes (net/ipv4/fib_frontend.c, fib_disable_ip).
    """
    return [
        *map(Remove, sorted(actual.routes - desired.routes, key=_by_destination)),
        *map(Add, sorted(desired.devices - actual.devices)),
        *map(Add, sorted(desired.addresses - actual.addresses)),
        *map(Remove, sorted(actual.addresses - desired.addresses)),
        *map(Add, sorted(desired.routes - actual.routes, key=_by_destination)),
    ]


def _by_destination(route: Route) -> tuple[IPv4Network, str]:
    return route.destination, route.device
