# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ICMP destination unreachable (RFC 792), and when it must not be sent (RFC 1122, RFC 1812)."""

from __future__ import annotations

import enum
import struct

from . import ipv4
from .checksum import internet_checksum

PROTOCOL_ICMP = 1
TYPE_DESTINATION_UNREACHABLE = 3
# Destination unreachable, source quench, redirect, time exceeded, parameter problem:
# the error messages of RFC 1122, 3.2.2.
ERROR_TYPES = frozenset({3, 4, 5, 11, 12})

# Type, code, checksum, the next hop's MTU (RFC 792, page 4; RFC 1191, 4).
HEADER = struct.Struct("!BBHI")
# An error quotes as much as fits into 576 bytes (RFC 1812, 4.3.2.3).
LENGTH_MAX = 576
# What a router originates carries precedence 6, internetwork control (RFC 1812, 4.3.2.5).
TOS = 0xC0
TTL = 64


class Unreachable(enum.IntEnum):
    """The codes of destination unreachable that a router uses (RFC 792)."""

    NET = 0
    HOST = 1
    FRAGMENTATION_NEEDED = 4


def may_report(packet: ipv4.Packet) -> bool:
    """Return whether an ICMP error may be sent about `packet`, a valid IPv4 packet.

    Never about an ICMP error, a fragment other than the first, or a packet whose source or
    destination is not one host (RFC 1122, 3.2.2; RFC 1812, 4.3.2.7).
    """
    header = ipv4.HEADER.unpack_from(packet)
    fragment, protocol, source, destination = header[4], header[6], header[8], header[9]
    if fragment & ipv4.FRAGMENT_OFFSET_MASK:
        return False
    if not _is_one_host(source) or destination >= ipv4.MULTICAST_FIRST:
        return False
    if protocol != PROTOCOL_ICMP:
        return True
    message = ipv4.header_length(packet)
    return len(packet) > message and packet[message] not in ERROR_TYPES


def _is_one_host(address: int) -> bool:
    # 0.0.0.0/8 is "this network", 127.0.0.0/8 loopback (RFC 1122, 3.2.1.3).
    return address >> 24 not in (0, 127) and address < ipv4.MULTICAST_FIRST


def destination_unreachable(packet: ipv4.Packet, code: Unreachable, mtu: int = 0) -> bytes:
    """Return the IPv4 packet with the ICMP error for the sender of `packet`.

    `mtu` is that of the next hop in bytes, for FRAGMENTATION_NEEDED.

    Its source is the destination of `packet`. If a packet from a device has an address of the host
    itself as its source, the kernel drops it as a martian (fib_validate_source) unless accept_local
    is set; this source passes strict reverse-path filtering, too.
    """
    quote = bytes(packet[: LENGTH_MAX - ipv4.HEADER_LENGTH - HEADER.size])
    message = bytearray(HEADER.pack(TYPE_DESTINATION_UNREACHABLE, code, 0, mtu) + quote)
    struct.pack_into("!H", message, 2, internet_checksum(message))
    _first, _total_length, sender, destination = ipv4.ROUTING_FIELDS.unpack_from(packet)
    header = bytearray(
        ipv4.HEADER.pack(
            ipv4.VERSION_4_NO_OPTIONS,
            TOS,
            ipv4.HEADER_LENGTH + len(message),
            0,  # unfragmentable by its size: the identification may be anything (RFC 6864, 4.1)
            0,
            TTL,
            PROTOCOL_ICMP,
            0,
            destination,
            sender,
        )
    )
    struct.pack_into("!H", header, ipv4.CHECKSUM, internet_checksum(header))
    return bytes(header + message)
