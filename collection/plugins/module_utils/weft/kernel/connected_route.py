# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connected route of the bridge, which the kernel adds with its address. No I/O.

Another program can delete it (flanneld does, when the subnet appears as that of a peer), and the
kernel does not add it again: the bridge still replies, but no container does.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Interface, IPv4Network

from .links import Links
from .messages import NLM_F_CREATE, NLM_F_EXCL, RTM_NEWROUTE, Request, connected_route_body


@dataclass(frozen=True, slots=True)
class ConnectedRoute:
    """The route to the subnet of an address of a device, with that address as its source."""

    interface: IPv4Interface
    device: str
    index: int

    @property
    def network(self) -> IPv4Network:
        """The destination of the route."""
        return self.interface.network

    @property
    def command(self) -> str:
        """The command that adds the route as the kernel does."""
        return (
            f"ip route add {self.network} dev {self.device} proto kernel scope link "
            f"src {self.interface.ip}"
        )


def missing_connected_route(links: Links, address: IPv4Interface) -> ConnectedRoute | None:
    """Return the connected route that is missing; None if it exists.

    Without a device that is up and has the address, none is expected.
    """
    for link in links.links:
        if link.up and any(entry.interface == address for entry in link.addresses):
            exists = any(
                route.destination == address.network and route.device == link.name
                for route in links.routes
            )
            return None if exists else ConnectedRoute(address, link.name, link.index)
    return None


def connected_route_request(route: ConnectedRoute) -> Request:
    """Return the request that adds the route; it fails if another to the subnet exists."""
    return Request(
        RTM_NEWROUTE,
        NLM_F_CREATE | NLM_F_EXCL,
        connected_route_body(route.interface, route.index),
    )
