# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""TCP (RFC 9293, 3.1) and UDP (RFC 768) in IPv4: field offsets, and the state of the checksum.

Offsets count from the transport header. `packet` is a whole IPv4 packet without padding.
"""

from __future__ import annotations

import struct

from . import ipv4
from .checksum import complete_field, partial_field, word_sum

PROTOCOL_TCP = 6
PROTOCOL_UDP = 17

TCP_SEQUENCE = 4
TCP_DATA_OFFSET = 12
TCP_FLAGS = 13
TCP_CHECKSUM = 16
TCP_HEADER_LENGTH = 20  # without options
UDP_LENGTH = 4
UDP_CHECKSUM = 6
UDP_HEADER_LENGTH = 8

FIN, SYN, RST, PSH, ACK, URG, ECE, CWR = (1 << bit for bit in range(8))

CHECKSUM_OFFSETS = {PROTOCOL_TCP: TCP_CHECKSUM, PROTOCOL_UDP: UDP_CHECKSUM}
_HEADER_LENGTHS = {PROTOCOL_TCP: TCP_HEADER_LENGTH, PROTOCOL_UDP: UDP_HEADER_LENGTH}

_WORD = struct.Struct("!H")
_IP_FIELDS = struct.Struct("!B5xH1xB")  # version and IHL, flags and fragment offset, protocol
_ADDRESSES = struct.Struct("!II")
_FRAGMENTED = ipv4.FRAGMENT_OFFSET_MASK | ipv4.MORE_FRAGMENTS


def checksum_position(packet: ipv4.Packet, length: int) -> int | None:
    """Return where the transport checksum is, or None if the packet has none."""
    first, fragment, protocol = _IP_FIELDS.unpack_from(packet)
    start: int = (first & 0x0F) * 4
    least = _HEADER_LENGTHS.get(protocol)
    if least is None or start + least > length or fragment & _FRAGMENTED:
        return None
    return start + CHECKSUM_OFFSETS[protocol]


def pseudo_sum(packet: ipv4.Packet, transport_length: int) -> int:
    """Return the word sum of the pseudo-header (RFC 9293, 3.1; RFC 768)."""
    # 65536 = 1 (mod 65535): an address adds what its two words add.
    source, destination = _ADDRESSES.unpack_from(packet, ipv4.SOURCE)
    total: int = source + destination + packet[ipv4.PROTOCOL] + transport_length
    return total


def is_partial(packet: ipv4.Packet, length: int) -> bool:
    """Return whether the transport checksum is partial: the pseudo-header's sum, not the packet's.

    One complete checksum in 65,535 has that value by chance; finishing a correct one is harmless.
    """
    position = checksum_position(packet, length)
    if position is None:
        return False
    (field,) = _WORD.unpack_from(packet, position)
    start = ipv4.header_length(packet)
    return bool(field == partial_field(pseudo_sum(packet, length - start)))


def is_correct(packet: ipv4.Packet, length: int) -> bool:
    """Return whether the complete transport checksum of `packet` is correct."""
    start = ipv4.header_length(packet)
    total = pseudo_sum(packet, length - start) + word_sum(packet[start:length])
    return total % 0xFFFF == 0


def is_hidden_error(packet: ipv4.Packet, length: int) -> bool:
    """Return whether a peer that finishes partial checksums would hide a checksum error.

    The checksum of `packet` is complete, by its virtio-net header. If it equals the pseudo-header's
    sum, the peer takes it for a partial one and recomputes it. That is harmless if it is correct;
    but of 65,536 wrong packets one would be delivered with a correct checksum.
    """
    return is_partial(packet, length) and not is_correct(packet, length)


def finish_checksum(packet: bytearray | memoryview, start: int, offset: int, length: int) -> None:
    """Complete a partial checksum: write the sum of the bytes from `start` on to `start + offset`.

    The field is part of the sum: it holds the sum of the pseudo-header. A UDP checksum of 0 means
    no checksum, and is sent as 0xffff (RFC 768).
    """
    value = complete_field(word_sum(packet[start:length]))
    if not value and packet[ipv4.PROTOCOL] == PROTOCOL_UDP:
        value = 0xFFFF
    _WORD.pack_into(packet, start + offset, value)
