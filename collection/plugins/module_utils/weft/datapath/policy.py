# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every rule by which the datapath forwards or drops a packet, and every reason for a drop.

Why was a packet dropped? `weftctl status` and the metrics count drops by a label: `Drop` has its
row, with the condition and the place that applies it.

Where a packet goes:

* from the device, to the peer that holds the longest prefix around the inner destination;
* from a peer, to the device, if the peer holds the lease that covers the inner source and the
  inner destination is in our own subnet. flannel checks neither. Here a host without a lease
  cannot inject packets, and a host with one cannot send with another host's source address.

No rule reads beyond the length that it is given: the rest of a buffer is an older packet.
"""

from __future__ import annotations

import enum
import errno
from collections.abc import Mapping

from .compiled_table import CompiledTable, Route
from .table import Endpoint
from .wire import icmp, ipv4, vxlan

# Bound once: these run for every packet.
_unpack = ipv4.ROUTING_FIELDS.unpack_from
_unpack_vxlan = vxlan.HEADERS.unpack_from
_LEAST_TOTAL_LENGTH = ipv4.LEAST_TOTAL_LENGTH


class Drop(enum.IntEnum):
    """Why a packet was dropped, and an index into `Counters.drops`.

    A row has the label in status and metrics, which stays the same between releases, the
    condition, and the place that applies it: a function of this file, called by the numbered
    steps of `egress` or `ingress`.
    """

    label: str
    condition: str
    place: str

    def __new__(cls, label: str, condition: str, place: str) -> Drop:
        """Number the rows from 0."""
        number = len(cls.__members__)
        reason = int.__new__(cls, number)
        reason._value_ = number
        reason.label, reason.condition, reason.place = label, condition, place
        return reason

    # Either direction: the inner packet.
    TRUNCATED = (
        "truncated",
        "shorter than its headers, or than its total length",
        "egress 2, ingress 5: ipv4_drop, vxlan_drop",
    )
    NOT_IPV4 = (
        "not-ipv4",
        "IP version or EtherType is not IPv4",
        "egress 2, ingress 5: ipv4_drop, vxlan_drop",
    )
    MALFORMED = (
        "malformed",
        "IPv4 header length below 20 bytes or beyond the packet, or a GSO packet with "
        "contradictory headers",
        "egress 2, ingress 5: ipv4_drop; egress 5: Segmenter",
    )
    # From the peers.
    UNKNOWN_SENDER = (
        "stranger",
        "no lease has the outer source address as its public IP",
        "ingress 2: sender_drop",
    )
    SOURCE_PORT = (
        "source-port",
        "a peer's address, but not the backend's UDP port",
        "ingress 2: sender_drop",
    )
    NO_VNI = (
        "no-vni",
        "VXLAN header without the flag for a valid VNI",
        "ingress 5: vxlan_drop",
    )
    OTHER_VNI = (
        "other-vni",
        "VXLAN header of another VNI",
        "ingress 5: vxlan_drop",
    )
    INNER_MAC = (
        "inner-mac",
        "inner Ethernet destination is not the MAC address of our VTEP",
        "ingress 5: vxlan_drop",
    )
    INNER_SOURCE = (
        "inner-source",
        "the lease that covers the inner source is not the sender's",
        "ingress 5: decide_ingress",
    )
    INNER_DESTINATION = (
        "inner-destination",
        "inner destination is outside our subnet",
        "ingress 5: decide_ingress",
    )
    RECEIVE_QUEUE_FULL = (
        "receive-queue-full",
        "the kernel dropped it before a receive: full socket buffer, wrong outer UDP checksum, "
        "or an unknown sender while the flood filter is on",
        "the kernel: SO_MEMINFO, process/queue.py",
    )
    RECEIVE_ERROR = (
        "receive-error",
        "a receive failed, and not because of an ICMP error",
        "ingress 1: is_lost_receive",
    )
    DEVICE_DOWN = (
        "device-down",
        "EIO by a write to the device: it is down",
        "ingress 7, egress 2: write_drop",
    )
    DEVICE_QUEUE_FULL = (
        "device-queue-full",
        "EAGAIN or ENOBUFS by a write to the device",
        "ingress 7, egress 2: write_drop",
    )
    TUN_WRITE_ERROR = (
        "tun-write-error",
        "any other error by a write to the device",
        "ingress 7, egress 2: write_drop",
    )
    # From the device.
    IPV6 = (
        "ipv6",
        "IPv6, such as the router solicitations that the kernel sends by any device",
        "egress 2: decide_egress",
    )
    MULTICAST = (
        "multicast",
        "multicast or reserved destination (224.0.0.0/3)",
        "egress 2: decide_egress",
    )
    BROADCAST = (
        "broadcast",
        "destination 255.255.255.255 or the last address of the network",
        "egress 2: decide_egress",
    )
    NO_ROUTE = (
        "no-route",
        "no lease covers the destination",
        "egress 2: decide_egress",
    )
    OWN_SUBNET = (
        "own-subnet",
        "destination in our own subnet, which the kernel should have sent to the bridge",
        "egress 2: decide_egress",
    )
    WRONG_CHECKSUM = (
        "wrong-checksum",
        "a checksum error that the peer would hide by recomputing the checksum",
        "egress 3: layer4.is_hidden_error",
    )
    TOO_BIG = (
        "too-big",
        "larger than the path MTU, and not to be fragmented",
        "egress 7: Sender",
    )
    SEND_QUEUE_FULL = (
        "send-queue-full",
        "EAGAIN or ENOBUFS by a send",
        "egress 6: send_drop",
    )
    UNDERLAY_UNREACHABLE = (
        "underlay-unreachable",
        "ENETUNREACH, EHOSTUNREACH or ENETDOWN by a send",
        "egress 6: send_drop",
    )
    SEND_REFUSED = (
        "send-refused",
        "EPERM or EACCES by a send: a local firewall; ECONNREFUSED: the peer's port is closed",
        "egress 6: send_drop",
    )
    SEND_ERROR = (
        "send-error",
        "any other error by a send",
        "egress 6: send_drop",
    )


def decide_egress(packet: ipv4.Packet, length: int, compiled: CompiledTable) -> Route | Drop:
    """Return the route of the first `length` bytes of `packet`, read from the device."""
    if length < ipv4.HEADER_LENGTH:
        return _egress_header_drop(packet, length)
    first, total_length, _source, destination = _unpack(packet)
    # A read returns exactly one packet, so a total length that differs from it is wrong.
    if total_length != length or total_length < _LEAST_TOTAL_LENGTH[first]:
        return _egress_header_drop(packet, length)
    route = compiled.routes[destination]
    return route or _destination_drop(destination, compiled)


def _destination_drop(destination: int, compiled: CompiledTable) -> Drop:
    if destination in (ipv4.LIMITED_BROADCAST, compiled.network_broadcast):
        return Drop.BROADCAST
    if destination >= ipv4.MULTICAST_FIRST:
        return Drop.MULTICAST
    if destination & compiled.mask == compiled.base:
        return Drop.OWN_SUBNET
    return Drop.NO_ROUTE


def _egress_header_drop(packet: ipv4.Packet, length: int) -> Drop:
    # The kernel sends router solicitations and MLD reports through any device that is up.
    if length and packet[ipv4.VERSION_IHL] >> 4 == 6:
        return Drop.IPV6
    return ipv4_drop(packet, length)


def sender_drop(sender: Endpoint, compiled: CompiledTable) -> Drop:
    """Return why nothing is accepted from `sender`, which is no peer's address and port."""
    return Drop.SOURCE_PORT if sender[0] in compiled.peer_addresses else Drop.UNKNOWN_SENDER


def vxlan_drop(datagram: ipv4.Packet, vni: int, own_mac: bytes) -> Drop | None:
    """Return why `datagram` holds no IPv4 packet for the VTEP `own_mac` in `vni`, or None.

    Reserved bits are ignored (RFC 7348, 5); flannel's option GBP sets some. The source MAC address
    is ignored, too: the outer address identifies the sender, and the MAC address of a host's VTEP
    may change.
    """
    if len(datagram) < vxlan.LENGTH:
        return Drop.TRUNCATED
    flags, vni_and_reserved, destination, _source, ethertype = _unpack_vxlan(datagram)
    if not flags & vxlan.FLAG_VNI:
        return Drop.NO_VNI
    if vni_and_reserved >> vxlan.RESERVED_BITS != vni:
        return Drop.OTHER_VNI
    # Before the destination: an ARP request is a broadcast, not a frame for another VTEP.
    if ethertype != vxlan.ETHERTYPE_IPV4:
        return Drop.NOT_IPV4
    if destination != own_mac:
        return Drop.INNER_MAC
    return None


def decide_ingress(
    packet: ipv4.Packet, length: int, sender: Endpoint, compiled: CompiledTable
) -> Route | Drop:
    """Return the sender's route if the first `length` bytes of `packet` are accepted from it.

    The packet is then as long as its total length; bytes behind it are padding.
    """
    if sender not in compiled.senders:
        return sender_drop(sender, compiled)
    if length < ipv4.HEADER_LENGTH:
        return ipv4_drop(packet, length)
    first, total_length, source, destination = _unpack(packet)
    if total_length > length or total_length < _LEAST_TOTAL_LENGTH[first]:
        return ipv4_drop(packet, length)
    route = compiled.routes[source]
    # A sender is an address and a port: flannel sends from the port that it listens on.
    if route is None or route.endpoint != sender:
        return Drop.INNER_SOURCE
    if destination & compiled.mask != compiled.base:
        return Drop.INNER_DESTINATION
    return route


def ipv4_drop(packet: ipv4.Packet, length: int) -> Drop:
    """Return why the first `length` bytes of `packet` are not a valid IPv4 packet.

    The caller knows that they are not. The header checksum and the TTL are left to the kernel,
    which checks both wherever the packet goes next.
    """
    if length and packet[ipv4.VERSION_IHL] >> 4 != 4:
        return Drop.NOT_IPV4
    if length < ipv4.HEADER_LENGTH:
        return Drop.TRUNCATED
    first, total_length, _source, _destination = _unpack(packet)
    if _LEAST_TOTAL_LENGTH[first] <= total_length and length < total_length:
        return Drop.TRUNCATED
    return Drop.MALFORMED


# The drops about which the sender of the packet gets an ICMP error, as from a router.
UNREACHABLE_CODES: Mapping[Drop, icmp.Unreachable] = {
    Drop.NO_ROUTE: icmp.Unreachable.NET,
    Drop.OWN_SUBNET: icmp.Unreachable.HOST,
    Drop.TOO_BIG: icmp.Unreachable.FRAGMENTATION_NEEDED,
}

_SEND_DROPS = {
    errno.EAGAIN: Drop.SEND_QUEUE_FULL,
    errno.ENOBUFS: Drop.SEND_QUEUE_FULL,
    errno.EMSGSIZE: Drop.TOO_BIG,
    errno.ENETUNREACH: Drop.UNDERLAY_UNREACHABLE,
    errno.EHOSTUNREACH: Drop.UNDERLAY_UNREACHABLE,
    errno.ENETDOWN: Drop.UNDERLAY_UNREACHABLE,
    errno.EPERM: Drop.SEND_REFUSED,
    errno.EACCES: Drop.SEND_REFUSED,
    errno.ECONNREFUSED: Drop.SEND_REFUSED,
}
_WRITE_DROPS = {
    errno.EIO: Drop.DEVICE_DOWN,  # tun_get_user, while the interface is not IFF_UP
    errno.EAGAIN: Drop.DEVICE_QUEUE_FULL,
    errno.ENOBUFS: Drop.DEVICE_QUEUE_FULL,
}
# An ICMP error about a datagram sent before, which the kernel returns by the next receive
# (icmp_err_convert in net/ipv4/icmp.c, and __udp4_lib_err).
_ICMP_ERRORS = frozenset(
    {
        errno.ECONNREFUSED,
        errno.EHOSTDOWN,
        errno.EHOSTUNREACH,
        errno.EMSGSIZE,
        errno.ENETUNREACH,
        errno.ENONET,
        errno.ENOPROTOOPT,
        errno.EOPNOTSUPP,
        errno.EPROTO,
    }
)


def send_drop(error: OSError) -> Drop:
    """Return the reason to count for a failed send to a peer."""
    return _SEND_DROPS.get(error.errno or 0, Drop.SEND_ERROR)


def write_drop(error: OSError) -> Drop:
    """Return the reason to count for a failed write to the device."""
    return _WRITE_DROPS.get(error.errno or 0, Drop.TUN_WRITE_ERROR)


def is_lost_receive(error: OSError) -> bool:
    """Return whether a failed receive lost a packet: not if `error` is an ICMP error."""
    return error.errno not in _ICMP_ERRORS
