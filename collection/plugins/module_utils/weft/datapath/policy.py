# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of one packet: the route that it takes, or the reason for its drop.

Rule one: a datagram counts only if its sender holds the lease that covers the inner source, and
the inner destination is ours. flannel checks neither; here a host outside the fleet cannot
inject, and a host inside cannot speak for another.
Rule two: no decision reads beyond the length that it was given.
"""

from __future__ import annotations

from .counters import Drop
from .forwarding import Endpoint, Forwarding, Route
from .wire import ipv4

# Looked up once: these run for every packet.
_unpack = ipv4.ROUTING_FIELDS.unpack_from
_LEAST_TOTAL_LENGTH = ipv4.LEAST_TOTAL_LENGTH


def egress(packet: ipv4.Packet, length: int, forwarding: Forwarding) -> Route | Drop:
    """Decide on the first `length` bytes of `packet`, read from the device."""
    if length < ipv4.HEADER_LENGTH:
        return _flaw_from_device(packet, length)
    first, total_length, _source, destination = _unpack(packet)
    # The kernel hands out exactly one packet a read: a length that differs is no packet of its.
    if total_length != length or total_length < _LEAST_TOTAL_LENGTH[first]:
        return _flaw_from_device(packet, length)
    route = forwarding.routes[destination]
    return route or _undeliverable(destination, forwarding)


def _undeliverable(destination: int, forwarding: Forwarding) -> Drop:
    if destination in (ipv4.LIMITED_BROADCAST, forwarding.network_broadcast):
        return Drop.BROADCAST
    if destination >= ipv4.MULTICAST_FIRST:
        return Drop.MULTICAST
    if destination & forwarding.mask == forwarding.base:
        return Drop.OWN_SUBNET
    return Drop.NO_ROUTE


def _flaw_from_device(packet: ipv4.Packet, length: int) -> Drop:
    # The kernel sends router solicitations and MLD reports through any device that is up.
    if length and packet[ipv4.VERSION_IHL] >> 4 == 6:
        return Drop.IPV6
    return ipv4.flaw(packet, length)


def stranger(sender: Endpoint, forwarding: Forwarding) -> Drop:
    """Return why nothing is taken from `sender`, which is no peer's endpoint."""
    return Drop.SOURCE_PORT if sender[0] in forwarding.peer_addresses else Drop.STRANGER


def ingress(
    packet: ipv4.Packet, length: int, sender: Endpoint, forwarding: Forwarding
) -> Route | Drop:
    """Decide on the first `length` bytes of `packet`, a datagram that came from `sender`.

    With a route, the packet is as long as its total length says; what follows is padding.
    """
    if sender not in forwarding.senders:
        return stranger(sender, forwarding)
    if length < ipv4.HEADER_LENGTH:
        return ipv4.flaw(packet, length)
    first, total_length, source, destination = _unpack(packet)
    if total_length > length or total_length < _LEAST_TOTAL_LENGTH[first]:
        return ipv4.flaw(packet, length)
    route = forwarding.routes[source]
    # flannel sends from the port that it listens on, so the endpoint compares whole.
    if route is None or route.endpoint != sender:
        return Drop.INNER_SOURCE
    if destination & forwarding.mask != forwarding.base:
        return Drop.INNER_DESTINATION
    return route
