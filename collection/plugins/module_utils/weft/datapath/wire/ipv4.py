# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The IPv4 header (RFC 791, 3.1): the offsets of its fields, and what they may be."""

from __future__ import annotations

import struct
from typing import TypeAlias

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

# Version and IHL, total length, source, destination: the fields that a packet is routed by.
ROUTING_FIELDS = struct.Struct("!BxH8xII")
# The whole header: version and IHL, TOS, total length, identification, flags and fragment offset,
# TTL, protocol, checksum, source, destination.
HEADER = struct.Struct("!BBHHHBBHII")

VERSION_4_NO_OPTIONS = 0x45
# The least total length for each first byte (version and IHL): the length of the header. For a
# version other than 4 or a header below 20 bytes it is larger than any total length.
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
