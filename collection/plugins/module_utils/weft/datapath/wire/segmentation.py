# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Segmentation of a GSO packet into the packets that cross the underlay.

The kernel passes the output of a local TCP as one header and up to 64 KiB of payload, and accepts
such packets. The header of a segment is that of the GSO packet with a few fields changed, as by
inet_gso_segment, tcp_gso_segment and __udp_gso_segment (net/ipv4):

* the total length is that of the segment, the identification counts up, the IP checksum follows;
* TCP: the sequence number advances by the payload, CWR stays on the first segment only, FIN and
  PSH on the last only;
* UDP: the length is that of the segment;
* the transport checksum is partial, the pseudo-header's sum, until `complete` finishes it.

The headers of all segments are stamped as one block, a column of bytes at a time: the byte at
offset o of every header is `block[o::stride]`, which costs one operation for all segments.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import NamedTuple

from . import ipv4, layer4, virtio_net
from .checksum import complete_field, partial_field, word_sum
from .layer4 import CWR, FIN, PROTOCOL_TCP, PROTOCOL_UDP, PSH
from .virtio_net import NetHeader
from .word_sums import word_sums

_WORD = struct.Struct("!H")
_LONG = struct.Struct("!I")

_PROTOCOLS = {virtio_net.GSO_TCPV4: PROTOCOL_TCP, virtio_net.GSO_UDP_L4: PROTOCOL_UDP}


class Layout(NamedTuple):
    """The offsets of a packet's headers and payload in its datagram, in bytes.

    `inner` is the offset of the IPv4 header.
    """

    inner: int
    transport: int
    payload: int
    protocol: int


def gso_layout(header: NetHeader, packet: ipv4.Packet, length: int) -> Layout | None:
    """Return the layout of a valid IPv4 packet to be segmented, or None if its headers contradict.

    The kernel's own length of the headers is ignored: it may be that of a whole segment.
    """
    protocol = _PROTOCOLS.get(header.gso_type & ~virtio_net.GSO_ECN)
    transport = ipv4.header_length(packet)
    if protocol is None or packet[ipv4.PROTOCOL] != protocol or ipv4.is_fragment(packet):
        return None
    if header.csum_start != transport or not header.gso_size:
        return None
    if not header.flags & virtio_net.FLAG_NEEDS_CSUM:
        return None
    if transport + layer4.UDP_HEADER_LENGTH >= length:
        return None
    own = layer4.UDP_HEADER_LENGTH
    if protocol == PROTOCOL_TCP:
        if transport + layer4.TCP_HEADER_LENGTH >= length:
            return None
        own = (packet[transport + layer4.TCP_DATA_OFFSET] >> 4) * 4
        if own < layer4.TCP_HEADER_LENGTH or transport + own >= length:
            return None
    payload = transport + own
    # A total length has 16 bits.
    if payload + header.gso_size > 0xFFFF:
        return None
    return Layout(0, transport, payload, protocol)


def stamp(header: bytes | bytearray, layout: Layout, count: int, size: int, last: int) -> bytearray:
    """Return the headers of `count` segments, one after another.

    `header` is that of the GSO packet, or of its first segment with the flags of the whole packet.
    `size` is the payload of a segment in bytes, `last` that of the last one.
    """
    inner, transport, length, protocol = layout
    first = bytearray(header)
    identification: int = _WORD.unpack_from(first, inner + ipv4.IDENTIFICATION)[0]
    _WORD.pack_into(first, inner + ipv4.TOTAL_LENGTH, length - inner + size)
    _WORD.pack_into(first, inner + ipv4.IDENTIFICATION, 0)
    _WORD.pack_into(first, inner + ipv4.CHECKSUM, 0)
    ip_sum = word_sum(first[inner:transport])
    pseudo = word_sum(first[inner + ipv4.SOURCE : inner + ipv4.HEADER_LENGTH]) + protocol
    checksum = transport + layer4.CHECKSUM_OFFSETS[protocol]
    _WORD.pack_into(first, checksum, partial_field(pseudo + length - transport + size))
    flags = 0
    if protocol == PROTOCOL_TCP:
        flags = first[transport + layer4.TCP_FLAGS]
        first[transport + layer4.TCP_FLAGS] = flags & ~(FIN | PSH | CWR)
    else:
        _WORD.pack_into(first, transport + layer4.UDP_LENGTH, length - transport + size)
    block = first * count

    # Every checksum is one less than the one before, as every identification is one more.
    numbers = progression(identification, count, 1, 0x10000)
    sums: Sequence[int] = progression(-(ip_sum + identification) % 0xFFFF, count, -1, 0xFFFF)
    if not isinstance(numbers, range):
        sums = [-(ip_sum + number) % 0xFFFF for number in numbers]
    put_column(block, length, inner + ipv4.IDENTIFICATION, struct.pack(f"!{count}H", *numbers), 2)
    put_column(block, length, inner + ipv4.CHECKSUM, struct.pack(f"!{count}H", *sums), 2)
    end = (count - 1) * length
    if protocol == PROTOCOL_TCP:
        start: int = _LONG.unpack_from(first, transport + layer4.TCP_SEQUENCE)[0]
        sequence = progression(start, count, size, 1 << 32)
        packed = struct.pack(f"!{count}I", *sequence)
        put_column(block, length, transport + layer4.TCP_SEQUENCE, packed, 4)
        block[transport + layer4.TCP_FLAGS] |= flags & CWR
        block[end + transport + layer4.TCP_FLAGS] |= flags & (FIN | PSH)
    if last != size:
        _WORD.pack_into(block, end + inner + ipv4.TOTAL_LENGTH, length - inner + last)
        ip_checksum = complete_field(ip_sum + last - size + numbers[-1])
        _WORD.pack_into(block, end + inner + ipv4.CHECKSUM, ip_checksum)
        _WORD.pack_into(block, end + checksum, partial_field(pseudo + length - transport + last))
        if protocol == PROTOCOL_UDP:
            _WORD.pack_into(block, end + transport + layer4.UDP_LENGTH, length - transport + last)
    return block


def progression(start: int, count: int, step: int, modulus: int) -> Sequence[int]:
    """Return `count` numbers from `start` on, `step` apart, modulo `modulus`."""
    numbers = range(start, start + count * step, step)
    if numbers[-1] in range(modulus):
        return numbers
    return [number % modulus for number in numbers]


def put_column(block: bytearray, stride: int, offset: int, values: bytes, width: int) -> None:
    """Write `values`, of `width` bytes each, at `offset` of each `stride` bytes of `block`."""
    for byte in range(width):
        block[offset + byte :: stride] = values[byte::width]


def complete(block: bytearray, layout: Layout, payload: memoryview, size: int) -> None:
    """Finish the partial transport checksum of every header of `block`, over its payload."""
    length, transport = layout.payload, layout.transport
    count = len(block) // length
    headers = word_sums(block, transport, length, length - transport, count)
    payloads = word_sums(payload, 0, size, size, count - 1)
    payloads.append(word_sum(payload[(count - 1) * size :]))
    # A UDP checksum of 0 means that there is none (RFC 768).
    zero = 0xFFFF if layout.protocol == PROTOCOL_UDP else 0
    values = [
        complete_field(header + data) or zero
        for header, data in zip(headers, payloads, strict=True)
    ]
    checksum = transport + layer4.CHECKSUM_OFFSETS[layout.protocol]
    put_column(block, length, checksum, struct.pack(f"!{count}H", *values), 2)
