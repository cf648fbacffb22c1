# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pack and parse rtnetlink messages of routes, neighbours and FDB entries. No I/O.

There is one of each per lease, and pyroute2 is too slow for that many: see docs/decisions/010.
Formats: linux/netlink.h, linux/rtnetlink.h, linux/neighbour.h.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv4Network

from .difference import Add
from .state import ROUTE_PROTOCOL, FdbEntry, Neighbour, Route

RTM_NEWROUTE = 24
RTM_DELROUTE = 25
RTM_GETROUTE = 26
RTM_NEWNEIGH = 28
RTM_DELNEIGH = 29
RTM_GETNEIGH = 30

NLM_F_REPLACE = 0x100
NLM_F_EXCL = 0x200
NLM_F_CREATE = 0x400

_AF_BRIDGE = 7
_RT_TABLE_MAIN = 254
_RT_SCOPE_UNIVERSE = 0
_RT_SCOPE_LINK = 253
_RT_SCOPE_NOWHERE = 255
_RTPROT_KERNEL = 2
_RTN_UNSPEC = 0
_RTN_UNICAST = 1
_RTNH_F_ONLINK = 4
_NUD_PERMANENT = 0x80
_NTF_SELF = 0x02

_RTA_DST = 1
_RTA_OIF = 4
_RTA_GATEWAY = 5
_RTA_PRIORITY = 6
_RTA_PREFSRC = 7
_RTA_TABLE = 15
_NDA_DST = 1
_NDA_LLADDR = 2
_NDA_IFINDEX = 8

# struct rtmsg: family, dst_len, src_len, tos, table, protocol, scope, type, flags.
_ROUTE = struct.Struct("=8BI")
# struct ndmsg: family, padding, ifindex, state, flags, type.
_NEIGHBOUR = struct.Struct("=B3xiHBB")
_ATTRIBUTE = struct.Struct("=HH")
_INTEGER = struct.Struct("=I")
_IPV4_LENGTH = 4
_MAC_LENGTH = 6


@dataclass(frozen=True, slots=True)
class Request:
    """A request for a change: message type, flags in addition to NLM_F_REQUEST, and body."""

    kind: int
    flags: int
    body: bytes


@dataclass(frozen=True, slots=True)
class RouteEntry:
    """A unicast route of the main table; index: that of its link, None for a multipath route."""

    destination: IPv4Network
    index: int | None
    gateway: IPv4Address | None
    on_link: bool
    protocol: int
    metric: int

    @property
    def made_by_weft(self) -> bool:
        """Whether the route has weft's protocol number."""
        return self.protocol == ROUTE_PROTOCOL


ROUTE_DUMP = _ROUTE.pack(socket.AF_INET, *[0] * 8)


def neighbour_dump(index: int) -> bytes:
    """Return the body of a dump request for the IPv4 neighbours of one device."""
    header = _NEIGHBOUR.pack(socket.AF_INET, 0, 0, 0, 0)
    return header + _attribute(_NDA_IFINDEX, _INTEGER.pack(index))


def fdb_dump(index: int) -> bytes:
    """Return the body of a dump request for the FDB of one device."""
    return _NEIGHBOUR.pack(_AF_BRIDGE, index, 0, 0, 0)


def route_request(change: type, route: Route, index: int) -> Request:
    """Return the request that adds the route, which fails if one exists, or that deletes it."""
    adding = change is Add
    header = _ROUTE.pack(
        socket.AF_INET,
        route.destination.prefixlen,
        0,
        0,
        _RT_TABLE_MAIN,
        ROUTE_PROTOCOL,
        # Any scope: for the kernel, a route with another scope is another route.
        _RT_SCOPE_UNIVERSE if adding else _RT_SCOPE_NOWHERE,
        _RTN_UNICAST if adding else _RTN_UNSPEC,
        _RTNH_F_ONLINK if route.on_link else 0,
    )
    body = header + _attribute(_RTA_DST, route.destination.network_address.packed)
    body += _attribute(_RTA_OIF, _INTEGER.pack(index))
    if route.gateway is not None:
        body += _attribute(_RTA_GATEWAY, route.gateway.packed)
    if adding:
        return Request(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, body)
    return Request(RTM_DELROUTE, 0, body)


def connected_route_body(interface: IPv4Interface, index: int) -> bytes:
    """Return the body of the route that the kernel adds with an address of a device.

    The kernel deletes it with the address, since protocol, scope and source are the same.
    """
    header = _ROUTE.pack(
        socket.AF_INET,
        interface.network.prefixlen,
        0,
        0,
        _RT_TABLE_MAIN,
        _RTPROT_KERNEL,
        _RT_SCOPE_LINK,
        _RTN_UNICAST,
        0,
    )
    body = header + _attribute(_RTA_DST, interface.network.network_address.packed)
    body += _attribute(_RTA_OIF, _INTEGER.pack(index))
    return body + _attribute(_RTA_PREFSRC, interface.ip.packed)


def neighbour_request(change: type, neighbour: Neighbour, index: int) -> Request:
    """Return the request that adds or replaces a permanent neighbour, or deletes it."""
    header = _NEIGHBOUR.pack(socket.AF_INET, index, _NUD_PERMANENT, 0, 0)
    return _neighbour_request(change, header, neighbour.address, neighbour.mac)


def fdb_request(change: type, entry: FdbEntry, index: int) -> Request:
    """Return the request that adds or replaces a permanent FDB entry, or deletes it."""
    header = _NEIGHBOUR.pack(_AF_BRIDGE, index, _NUD_PERMANENT, _NTF_SELF, 0)
    return _neighbour_request(change, header, entry.destination, entry.mac)


def parse_route(payload: bytes) -> RouteEntry | None:
    """Return the route, or None if it is of another table or type."""
    _family, length, _src, _tos, table, protocol, _scope, kind, flags = _ROUTE.unpack_from(payload)
    found = dict(attributes(payload, _ROUTE.size))
    if _RTA_TABLE in found:
        table = _integer(found[_RTA_TABLE])
    if kind != _RTN_UNICAST or table != _RT_TABLE_MAIN:
        return None
    gateway, index = found.get(_RTA_GATEWAY), found.get(_RTA_OIF)
    return RouteEntry(
        IPv4Network((found.get(_RTA_DST, bytes(_IPV4_LENGTH)), length)),
        None if index is None else _integer(index),
        None if gateway is None else IPv4Address(gateway),
        bool(flags & _RTNH_F_ONLINK),
        protocol,
        _integer(found.get(_RTA_PRIORITY, bytes(_INTEGER.size))),
    )


def parse_neighbour(payload: bytes) -> tuple[int, IPv4Address, str] | None:
    """Return link index, address and MAC address of a permanent entry; None for any other."""
    _family, index, state, _flags, _type = _NEIGHBOUR.unpack_from(payload)
    found = dict(attributes(payload, _NEIGHBOUR.size))
    address, mac = found.get(_NDA_DST, b""), found.get(_NDA_LLADDR, b"")
    complete = len(address) == _IPV4_LENGTH and len(mac) == _MAC_LENGTH
    if not complete or not state & _NUD_PERMANENT:
        return None
    return index, IPv4Address(address), mac.hex(":")


def _neighbour_request(change: type, header: bytes, address: IPv4Address, mac: str) -> Request:
    body = header + _attribute(_NDA_DST, address.packed)
    body += _attribute(_NDA_LLADDR, bytes.fromhex(mac.replace(":", "")))
    if change is Add:
        return Request(RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, body)
    return Request(RTM_DELNEIGH, 0, body)


def _attribute(kind: int, payload: bytes) -> bytes:
    length = _ATTRIBUTE.size + len(payload)
    return _ATTRIBUTE.pack(length, kind) + payload + bytes(-length % 4)


def attributes(data: bytes, offset: int) -> Iterator[tuple[int, bytes]]:
    """Yield type and payload of each attribute of a message body, from an offset on."""
    while offset + _ATTRIBUTE.size <= len(data):
        length, kind = _ATTRIBUTE.unpack_from(data, offset)
        if length < _ATTRIBUTE.size:
            return
        yield kind, data[offset + _ATTRIBUTE.size : offset + length]
        offset += length + -length % 4


def _integer(data: bytes) -> int:
    value: int = _INTEGER.unpack(data)[0]
    return value
