# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The IPv4 header (RFC 791, 3.1): where its fields are, and whether they hold together."""

from __future__ import annotations

import struct
from typing import TypeAlias

from ..counters import Drop

Packet: TypeAlias = "bytes | bytearray | memoryview"

HEADER_LENGTH = 20  # without options
VERSION_IHL = 0
TOTAL_LENGTH = 2
IDENTIFICATION = 4
FRAGMENT = 6  # flags and fragment offset
PROTOCOL = 9
CHECKSUM = 10
SOURCE = 12

MTU_MIN = 68  # of any link (RFC 791, 3.2)

FRAGMENT_OFFSET_MASK = 0x1FFF
DONT_FRAGMENT = 0x4000
MORE_FRAGMENTS = 0x2000

# Version and IHL, total length, source, destination: all that a decision needs.
ROUTING_FIELDS = struct.Struct("!BxH8xII")
# The whole header: version and IHL, TOS, total length, identification, flags and fragment offset,
# TTL, protocol, checksum, source, destination.
HEADER = struct.Struct("!BBHHHBBHII")

VERSION_4_NO_OPTIONS = 0x45
# By the first byte: the least total length of a packet whose header is as long as it says. No
# packet is as long as a version other than 4, or a header below 20 bytes, would need.
LEAST_TOTAL_LENGTH = tuple(
    (byte & 0x0F) * 4 if VERSION_4_NO_OPTIONS <= byte <= 0x4F else 0x10000 for byte in range(256)
)

MULTICAST_FIRST = 0xE0000000  # 224.0.0.0/4 (RFC 5771), and the reserved 240.0.0.0/4 above it
LIMITED_BROADCAST = 0xFFFFFFFF


def header_length(packet: Packet) -> int:
    """Return the length of the header in bytes, options included."""
    return (packet[VERSION_IHL] & 0x0F) * 4


def is_fragment(packet: Packet) -> bool:
    """Return whether `packet` is one of several fragments, the first included."""
    fragment = packet[FRAGMENT] << 8 | packet[FRAGMENT + 1]
    return bool(fragment & (FRAGMENT_OFFSET_MASK | MORE_FRAGMENTS))


def flaw(packet: Packet, length: int) -> Drop:
    """Return why the first `length` bytes of `packet` are no IPv4 packet, as the caller found.

    The header checksum and the TTL are left to the kernel, which checks both wherever the packet
    goes next.
    """
    if length and packet[VERSION_IHL] >> 4 != 4:
        return Drop.NOT_IPV4
    if length < HEADER_LENGTH:
        return Drop.TRUNCATED
    first, total_length, _source, _destination = ROUTING_FIELDS.unpack_from(packet)
    if LEAST_TOTAL_LENGTH[first] <= total_length and length < total_length:
        return Drop.TRUNCATED
    return Drop.MALFORMED
