# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Coalescing: the segments of one flow become one GSO packet, which the kernel takes in one write.

Theory of operation. A batch is datagrams of one size from one peer, one behind the other in a
buffer. Consecutive packets of it are merged into a run if, and only if, segmenting the run would
give exactly the packets that were received. Only neighbours are merged, so the order of packets
stays.

`candidate` returns whether a packet may be merged at all, or the `Obstacle`. `leading_run` counts
the packets behind it that continue it: it writes the headers that segmenting such a run would give
(`segmentation.stamp`) and compares them with the received ones, for most batches by one comparison.
A difference ends the run, with two exceptions: PSH on the last packet, and, if DF is set, the
identification, which then has no meaning (RFC 6864, 4.1).

No checksum error is hidden. A run is written with a partial checksum, which the kernel finishes or
takes as verified, so every packet in it must have a correct one: either complete, then it is
verified here first, or partial, which a peer leaves only if its own kernel vouches for the payload
(`partial` has the one exception). The outer UDP checksum replaces neither: it proves that the
payload is the one that the peer sent, not that it was correct. A packet with a wrong checksum is
written alone and unchanged, and the receiver's kernel counts it (InCsumErrors).
"""

from __future__ import annotations

import enum
import struct
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from . import ipv4, layer4, virtio_net
from .checksum import partial_field, word_sum
from .layer4 import ACK, ECE, PROTOCOL_TCP, PROTOCOL_UDP, PSH
from .segmentation import Layout, stamp
from .virtio_net import NetHeader
from .word_sums import word_sums

TOTAL_LENGTH_MAX = 0xFFFF
# UDP_MAX_SEGMENTS before 1382e3b6a350 (Linux 6.9).
SEGMENTS_MAX = 64

_WORD = struct.Struct("!H")
_IP_FIELDS = struct.Struct("!BxH2xHxB")  # version and IHL, total length, fragment, protocol
_TCP_FIELDS = struct.Struct("!12xBB")  # data offset, flags
_UDP_FIELDS = struct.Struct("!4xHH")  # length, checksum


class Obstacle(enum.Enum):
    """Why a packet is never merged with another."""

    IP_HEADER = enum.auto()  # options, or no IPv4
    FRAGMENT = enum.auto()
    PROTOCOL = enum.auto()
    LENGTH = enum.auto()  # contradictory lengths, or padding
    FLAGS = enum.auto()  # TCP other than ACK, with PSH or ECE
    NO_PAYLOAD = enum.auto()
    NO_CHECKSUM = enum.auto()  # UDP's 0


class Candidate(NamedTuple):
    """A packet that may be merged."""

    layout: Layout
    dont_fragment: bool
    closes: bool  # PSH: no packet may follow


NO_LAYOUT = Layout(0, 0, 0, 0)


class Batch(NamedTuple):
    """`packets` datagrams of `stride` bytes from the start of a buffer on, the last of `last`.

    The inner IPv4 header of each is `inner` bytes after its start.
    """

    inner: int
    stride: int
    packets: int
    last: int

    def length(self, index: int) -> int:
        """Return the length of the datagram at `index`."""
        return self.stride if index < self.packets - 1 else self.last


class Run(NamedTuple):
    """`packets` datagrams of a batch from `first` on: a GSO packet, or a single packet.

    `size` is the payload of each but the last, whose payload is `last`; a single packet has the
    defaults of the other fields.
    """

    first: int
    packets: int
    layout: Layout = NO_LAYOUT
    size: int = 0
    last: int = 0


def candidate(data: bytearray, start: int, length: int, inner: int) -> Candidate | Obstacle:
    """Return the layout and flags of the datagram at `start`, or why it cannot be merged."""
    at = start + inner
    if length < inner + ipv4.HEADER_LENGTH + layer4.UDP_HEADER_LENGTH:
        return Obstacle.LENGTH
    version, total, fragment, protocol = _IP_FIELDS.unpack_from(data, at)
    if version != ipv4.VERSION_4_NO_OPTIONS:
        return Obstacle.IP_HEADER
    if total != length - inner:
        return Obstacle.LENGTH
    if fragment & (ipv4.FRAGMENT_OFFSET_MASK | ipv4.MORE_FRAGMENTS):
        return Obstacle.FRAGMENT
    transport = at + ipv4.HEADER_LENGTH
    if protocol == PROTOCOL_TCP:
        if transport + layer4.TCP_HEADER_LENGTH > start + length:
            return Obstacle.LENGTH
        data_offset, flags = _TCP_FIELDS.unpack_from(data, transport)
        payload = transport + (data_offset >> 4) * 4
        if payload < transport + layer4.TCP_HEADER_LENGTH or payload > start + length:
            return Obstacle.LENGTH
        if flags & ~(PSH | ECE) != ACK:
            return Obstacle.FLAGS
    elif protocol == PROTOCOL_UDP:
        udp_length, checksum = _UDP_FIELDS.unpack_from(data, transport)
        payload = transport + layer4.UDP_HEADER_LENGTH
        flags = 0
        if udp_length != start + length - transport:
            return Obstacle.LENGTH
        if not checksum:
            return Obstacle.NO_CHECKSUM
    else:
        return Obstacle.PROTOCOL
    if payload == start + length:
        return Obstacle.NO_PAYLOAD
    return Candidate(
        Layout(inner, inner + ipv4.HEADER_LENGTH, payload - start, protocol),
        bool(fragment & ipv4.DONT_FRAGMENT),
        bool(flags & PSH),
    )


def runs(data: bytearray, view: memoryview, batch: Batch) -> list[Run]:
    """Return the runs of a batch, in its order; `view` is that of `data`."""
    found: list[Run] = []
    index = 0
    while index < batch.packets:
        run = leading_run(data, view, batch, index)
        found.append(run)
        index += run.packets
    return found


def leading_run(data: bytearray, view: memoryview, batch: Batch, index: int) -> Run:
    """Return the longest run that begins with the packet at `index`, which may be a single one."""
    inner, stride, packets, _last = batch
    start, alone = index * stride, Run(index, 1)
    first = candidate(data, start, batch.length(index), inner)
    if isinstance(first, Obstacle) or first.closes or index == packets - 1:
        return alone
    layout, addresses = first.layout, start + inner + ipv4.SOURCE
    # Addresses and ports differ if flows alternate: a cheap test before the headers are written.
    if data[addresses : addresses + 12] != data[addresses + stride : addresses + stride + 12]:
        return alone
    length, size = layout.payload, stride - layout.payload
    most = _most(batch, index, layout, size)
    if most < 2:
        return alone
    received = b"".join(_headers(length, stride, most)(data, start))
    end = batch.length(index + most - 1) - length
    expected = stamp(data[start : start + length], layout, most, size, end)
    checksum = layout.transport + layer4.CHECKSUM_OFFSETS[layout.protocol]
    partial = received[checksum : checksum + 2] == expected[checksum : checksum + 2]
    if not partial:
        expected[checksum::length] = received[checksum::length]
        expected[checksum + 1 :: length] = received[checksum + 1 :: length]
    count = most if received == expected else _equal(received, bytes(expected), first, most)
    if not partial:
        count = _correct(view, batch, layout, index, count)
    if count < 2:
        return alone
    return Run(index, count, layout, size, batch.length(index + count - 1) - length)


def _most(batch: Batch, index: int, layout: Layout, size: int) -> int:
    """Return the most packets from `index` on that a run can have, by their lengths."""
    payload_max = TOTAL_LENGTH_MAX - (layout.payload - layout.inner)
    most = min(batch.packets - index, SEGMENTS_MAX)
    last = batch.length(index + most - 1) - layout.payload
    if last < 1:
        most, last = most - 1, size
    if (most - 1) * size + last > payload_max:
        most = payload_max // size
    return most


def _equal(received: bytes, expected: bytes, first: Candidate, most: int) -> int:
    """Return how many of the received headers are the expected ones."""
    length = first.layout.payload
    for index in range(most):
        found = received[index * length : (index + 1) * length]
        wanted = expected[index * length : (index + 1) * length]
        if found == wanted:
            continue
        header = bytearray(found)
        closes = False
        if first.layout.protocol == PROTOCOL_TCP:
            flags = first.layout.transport + layer4.TCP_FLAGS
            closes = bool(header[flags] & PSH)
            header[flags] &= ~PSH
        if first.dont_fragment:
            _renumber(header, wanted, first.layout.inner)
        if header != wanted:
            return index
        if closes:
            return index + 1
    return most


def _renumber(header: bytearray, wanted: bytes, inner: int) -> None:
    """Copy the identification of `wanted` to `header`, if the IP checksum of `header` is correct.

    With all other words equal, the identification and the checksum must have the same sum.
    """
    identification, checksum = inner + ipv4.IDENTIFICATION, inner + ipv4.CHECKSUM
    own = _number(header, identification) + _number(header, checksum)
    if (own - _number(wanted, identification) - _number(wanted, checksum)) % 0xFFFF == 0:
        for offset in (identification, checksum):
            header[offset : offset + 2] = wanted[offset : offset + 2]


def _number(header: bytes | bytearray, offset: int) -> int:
    return header[offset] << 8 | header[offset + 1]


def _correct(view: memoryview, batch: Batch, layout: Layout, index: int, count: int) -> int:
    """Return how many of `count` packets have a correct complete transport checksum."""
    # The addresses, part of the pseudo-header, are directly before the transport header.
    front = batch.inner + ipv4.SOURCE
    last = batch.length(index + count - 1)
    start = index * batch.stride + front
    sums = word_sums(view, start, batch.stride, batch.stride - front, count - 1)
    start += (count - 1) * batch.stride
    sums.append(word_sum(view[start : start + last - front]))
    lengths = [batch.stride] * (count - 1) + [last]
    for at, (total, length) in enumerate(zip(sums, lengths, strict=True)):
        if (total + layout.protocol + length - layout.transport) % 0xFFFF:
            return at
    return count


@lru_cache(maxsize=1024)
def _headers(length: int, stride: int, count: int) -> Callable[..., tuple[bytes, ...]]:
    """Return a function that unpacks the headers of a batch from its buffer."""
    between = f"{length}s{stride - length}x" * (count - 1)
    return struct.Struct(f"{between}{length}s").unpack_from


def merged_header(data: bytearray, batch: Batch, run: Run) -> bytes:
    """Return the virtio-net header and the headers of the GSO packet of a run.

    They go before the payloads. PSH on the last packet is added to the flags of the first.
    """
    inner, transport, length, protocol = run.layout
    start = run.first * batch.stride
    header = bytearray(data[start + inner : start + length])
    transport -= inner
    total = length - inner + (run.packets - 1) * run.size + run.last
    _WORD.pack_into(header, ipv4.TOTAL_LENGTH, total)
    _WORD.pack_into(header, ipv4.CHECKSUM, 0)
    _WORD.pack_into(header, ipv4.CHECKSUM, -word_sum(header[:transport]) % 0xFFFF)
    checksum = layer4.CHECKSUM_OFFSETS[protocol]
    pseudo = word_sum(header[ipv4.SOURCE : transport]) + protocol + total - transport
    _WORD.pack_into(header, transport + checksum, partial_field(pseudo))
    gso_type = virtio_net.GSO_TCPV4
    if protocol == PROTOCOL_TCP:
        end = start + (run.packets - 1) * batch.stride
        header[transport + layer4.TCP_FLAGS] |= (
            data[end + run.layout.transport + layer4.TCP_FLAGS] & PSH
        )
    else:
        gso_type = virtio_net.GSO_UDP_L4
        _WORD.pack_into(header, transport + layer4.UDP_LENGTH, total - transport)
    net_header = NetHeader(
        virtio_net.FLAG_NEEDS_CSUM, gso_type, length - inner, run.size, transport, checksum
    )
    return virtio_net.push(net_header) + header
