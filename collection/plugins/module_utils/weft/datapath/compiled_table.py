# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The forwarding table compiled for lookup: longest prefix first, each answer cached."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from .offloads import Offload
from .table import Endpoint, ForwardingTable, Peer
from .wire import vxlan

# Bounds the memory that scans and spoofed addresses can make the cache take: about 10 MiB.
CACHE_MAX = 65536


@dataclass(slots=True)
class Traffic:
    """Packets and bytes (of inner packets) exchanged with one peer."""

    packets_in: int = 0
    bytes_in: int = 0
    packets_out: int = 0
    bytes_out: int = 0
    # Seconds since the epoch of the last accepted datagram.
    last_heard: float | None = None

    def __add__(self, other: Traffic) -> Traffic:
        return Traffic(
            self.packets_in + other.packets_in,
            self.bytes_in + other.bytes_in,
            self.packets_out + other.packets_out,
            self.bytes_out + other.bytes_out,
            max(self.last_heard or 0.0, other.last_heard or 0.0) or None,
        )


@dataclass(frozen=True, slots=True)
class Route:
    """The way to a peer: its outer address and port, its tunnel header, and its counters.

    `tunnel_header` goes between the outer UDP header and the inner packet: nothing with udp,
    VXLAN and Ethernet headers with vxlan. With `partial_checksum`, an inner checksum that our
    kernel left partial is finished by the peer's kernel.
    """

    peer: Peer
    endpoint: Endpoint
    traffic: Traffic = field(compare=False)
    partial_checksum: bool = False
    tunnel_header: bytes = b""


class Routes(dict[int, "Route | None"]):
    """Maps an address, as a 32-bit number, to the route of the longest prefix that covers it.

    A dictionary, so that a known address costs one lookup; `__missing__` resolves an unknown one.
    None, which means no route, is cached too.
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


class CompiledTable:
    """Everything that the rules of `policy` look up, derived once from a table.

    `traffic_of` returns the counters of a peer, which outlive the table.
    """

    __slots__ = (
        "any_partial_checksum",
        "base",
        "from_any_port",
        "inner_offset",
        "mac",
        "mask",
        "mtu",
        "network_broadcast",
        "peer_addresses",
        "routes",
        "senders",
        "vni",
    )

    def __init__(
        self, table: ForwardingTable, traffic_of: Callable[[Peer], Traffic] = lambda _: Traffic()
    ) -> None:
        self.mtu = table.mtu
        self.base = int(table.subnet.network_address)
        self.mask = int(table.subnet.netmask)
        self.network_broadcast = int(table.network.broadcast_address)
        vtep = table.vtep
        # udp has no tunnel header (flannel: pkg/backend/udp/proxy_amd64.c).
        self.inner_offset = vxlan.LENGTH if vtep else 0
        self.vni = vtep.vni if vtep else 0
        self.mac = vxlan.parse_mac(vtep.mac) if vtep else b""
        # A kernel's VXLAN device picks its source port by the inner flow, so that routers can
        # spread flows (RFC 7348, 5).
        self.from_any_port = vtep is not None
        partial_checksum = Offload.PARTIAL_CHECKSUM not in table.offloads_disabled
        routes = [
            Route(
                peer,
                (str(peer.public_ip), table.port),
                traffic_of(peer),
                partial_checksum and peer.partial_checksum,
                vxlan.push(self.vni, vxlan.parse_mac(peer.vtep_mac), self.mac) if vtep else b"",
            )
            for peer in table.peers
        ]
        self.routes = Routes(routes)
        self.any_partial_checksum = any(route.partial_checksum for route in routes)
        # The endpoints that packets are accepted from, in the order of the table.
        self.senders = dict.fromkeys(route.endpoint for route in routes)
        self.peer_addresses = frozenset(address for address, _port in self.senders)
