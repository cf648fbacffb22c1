# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The forwarding table compiled for lookup: longest prefix first, each answer remembered."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from ipaddress import IPv4Network

from .counters import Traffic
from .encapsulation import encapsulation_of
from .offloads import Offload
from .table import ForwardingTable, Peer

Endpoint = tuple[str, int]

# Bounds what scans and spoofed addresses can make the cache hold: about 10 MiB.
CACHE_MAX = 65536


@dataclass(frozen=True, slots=True)
class Route:
    """A peer as packets need it: where to send, what to put in front, and what to count.

    With `partial`, inner checksums that our kernel left partial are left so for the peer's.
    """

    peer: Peer
    endpoint: Endpoint
    traffic: Traffic = field(compare=False)
    partial: bool = False
    prefix: bytes = b""


class Routes(dict[int, "Route | None"]):
    """Maps an address, as a 32-bit number, to the route of the longest prefix that covers it.

    A dictionary, so that a known address costs one lookup; an unknown one is resolved by
    `__missing__`. None is remembered too: there is no route.
    """

    __slots__ = ("_prefixes",)

    def __init__(self, routes: Iterable[Route]) -> None:
        super().__init__()
        by_mask: dict[int, dict[int, Route]] = {}
        for route in routes:
            subnet = route.peer.subnet
            by_mask.setdefault(int(subnet.netmask), {})[int(subnet.network_address)] = route
        self._prefixes = sorted(by_mask.items(), reverse=True)

    def __missing__(self, address: int) -> Route | None:
        if len(self) >= CACHE_MAX:
            self.clear()
        for mask, bases in self._prefixes:
            route = bases.get(address & mask)
            if route is not None:
                break
        else:
            route = None
        self[address] = route
        return route


class Forwarding:
    """What the decisions look at, derived once from a table."""

    __slots__ = (
        "any_partial",
        "base",
        "encapsulation",
        "ip",
        "mask",
        "network_broadcast",
        "peer_addresses",
        "port",
        "routes",
        "senders",
        "table",
    )

    def __init__(
        self, table: ForwardingTable, traffic_of: Callable[[Peer], Traffic] = lambda _: Traffic()
    ) -> None:
        self.table = table
        self.port = table.port
        self.base, self.mask = _base_and_mask(table.subnet)
        self.network_broadcast = int(table.network.broadcast_address)
        self.encapsulation = encapsulation_of(table)
        # Where the inner IPv4 header begins in a datagram.
        self.ip = self.encapsulation.length
        partial = Offload.PARTIAL_CHECKSUM not in table.offloads_disabled
        routes = [
            Route(
                peer,
                (str(peer.public_ip), table.port),
                traffic_of(peer),
                partial and peer.partial_checksum,
                self.encapsulation.prefix(peer),
            )
            for peer in table.peers
        ]
        self.routes = Routes(routes)
        # Whether a peer takes partial checksums from us.
        self.any_partial = any(route.partial for route in routes)
        # Who may send, in the table's order.
        self.senders = dict.fromkeys(route.endpoint for route in routes)
        self.peer_addresses = frozenset(address for address, _port in self.senders)


def _base_and_mask(subnet: IPv4Network) -> tuple[int, int]:
    return int(subnet.network_address), int(subnet.netmask)
