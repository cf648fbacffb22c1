# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Routes of other programs that take packets to a peer out of the overlay. No I/O."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

from ..kernel.links import Links, UnderlayRoute
from ..kernel.state import Route
from ..model.lease import Lease


@dataclass(frozen=True, slots=True)
class DivertedRoute:
    """A route that weft did not add, more specific than weft's route to the peer."""

    route: UnderlayRoute
    expected: Route
    peer: Lease

    @property
    def text(self) -> str:
        """The route, and which packets it takes."""
        return (
            f"the route {_shown(self.route)} takes packets to {self.peer.subnet} of "
            f"{self.peer.public_ip}, which belong on {self.expected.device}"
        )

    @property
    def command(self) -> str:
        """The command that deletes the route."""
        return f"ip route del {_shown(self.route)}"


def planned_route(address: IPv4Address, routes: Collection[Route]) -> Route | None:
    """Return the route of weft by which the kernel must send to an address."""
    matching = (route for route in routes if address in route.destination)
    return max(matching, key=lambda route: route.destination.prefixlen, default=None)


def diverted_routes(
    links: Links, planned: Collection[Route], peers: Collection[Lease]
) -> list[DivertedRoute]:
    """Return the routes of the main table that the kernel prefers to weft's planned ones.

    A network connected to a link is left out: `overlapping_networks` reports it. So is a route to
    the same destination as weft's: adding weft's fails then.
    """
    destinations = {route.destination for route in planned}
    connected = {
        (link.name, entry.interface.network) for link in links.links for entry in link.addresses
    }
    foreign = [
        route
        for route in links.routes
        if route.destination not in destinations
        and (route.device, route.destination) not in connected
        and any(route.destination.overlaps(destination) for destination in destinations)
    ]
    return [
        DivertedRoute(route, expected, peer)
        for route in foreign
        for peer in peers
        if route.destination.overlaps(peer.subnet)
        and (expected := _expected(peer.subnet, planned)) is not None
        and route.destination.prefixlen > expected.destination.prefixlen
        and (route.device, route.gateway) != (expected.device, expected.gateway)
    ]


def _expected(subnet: IPv4Network, planned: Collection[Route]) -> Route | None:
    return planned_route(subnet.network_address, planned)


def _shown(route: UnderlayRoute) -> str:
    gateway = f" via {route.gateway}" if route.gateway else ""
    device = f" dev {route.device}" if route.device else ""
    return f"{route.destination}{gateway}{device}"
