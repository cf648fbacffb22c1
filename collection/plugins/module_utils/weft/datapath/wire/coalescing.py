# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Joining the segments of one flow into the super-packet that the kernel takes in one write.

Theory of operation. A train is what came from one peer in datagrams of one size, laid out one
behind the other. Consecutive packets of it are joined into a run if, and only if, cutting the run
again would give back the packets that came: nothing is lost, and nothing is invented. Only
neighbours are joined, so no packet ever overtakes another.

`candidate` asks whether a packet may be joined at all, and answers by a `Verdict`. `leading_run`
asks how many that follow it are its continuation: it stamps the headers that cutting such a run
would give (`segmentation.stamp`) and compares them with those that came, for most trains once and
for all. What differs ends the run, but for two differences that the cut does not show: PSH on the
last packet, and, where DF is set, the identification, which then means nothing (RFC 6864, 4.1).

No wrong checksum becomes a right one. A run is written with a partial checksum, which the kernel
finishes or takes as verified, so every packet in it must have had a right one: either complete,
and then it is verified here first, or partial, which a peer leaves only where its own kernel
vouches for the payload (`unfinished` has the one exception). The outer UDP checksum proves that the
payload is what the peer sent, not that it was right then; so it does not replace either. What
fails goes on alone, as it came, and the receiver's kernel counts it (InCsumErrors).
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
# Before 1382e3b6a350 (Linux 6.9) the kernel cut a UDP train into no more.
SEGMENTS_MAX = 64

_WORD = struct.Struct("!H")
_IP_FIELDS = struct.Struct("!BxH2xHxB")  # version and IHL, total length, fragment, protocol
_TCP_FIELDS = struct.Struct("!12xBB")  # data offset, flags
_UDP_FIELDS = struct.Struct("!4xHH")  # length, checksum


class Verdict(enum.Enum):
    """Why a packet is never joined to another."""

    IP_HEADER = enum.auto()  # options, or no IPv4
    FRAGMENT = enum.auto()
    PROTOCOL = enum.auto()
    LENGTH = enum.auto()  # a length that lies, or padding
    FLAGS = enum.auto()  # TCP other than ACK, with PSH or ECE
    NO_PAYLOAD = enum.auto()
    NO_CHECKSUM = enum.auto()  # UDP's 0


class Candidate(NamedTuple):
    """A packet that may be joined."""

    layout: Layout
    dont_fragment: bool
    closes: bool  # PSH: nothing may follow


NO_LAYOUT = Layout(0, 0, 0, 0)


class Train(NamedTuple):
    """`packets` datagrams of `stride` bytes from the start of a buffer on, the last of `last`.

    The IPv4 header of each is `ip` bytes after its start.
    """

    ip: int
    stride: int
    packets: int
    last: int

    def length(self, index: int) -> int:
        """Return the length of the datagram at `index`."""
        return self.stride if index < self.packets - 1 else self.last


class Run(NamedTuple):
    """`packets` datagrams of a train from `first` on: a super-packet, or a packet alone.

    `size` is the payload of each but the last, whose payload is `last`. Of a packet alone nothing
    but its place is known.
    """

    first: int
    packets: int
    layout: Layout = NO_LAYOUT
    size: int = 0
    last: int = 0


def candidate(data: bytearray, start: int, length: int, ip: int) -> Candidate | Verdict:
    """Return what joining needs to know of the datagram at `start`, or why it stays alone."""
    at = start + ip
    if length < ip + ipv4.HEADER_LENGTH + layer4.UDP_HEADER_LENGTH:
        return Verdict.LENGTH
    version, total, fragment, protocol = _IP_FIELDS.unpack_from(data, at)
    if version != ipv4.VERSION_4_NO_OPTIONS:
        return Verdict.IP_HEADER
    if total != length - ip:
        return Verdict.LENGTH
    if fragment & (ipv4.FRAGMENT_OFFSET_MASK | ipv4.MORE_FRAGMENTS):
        return Verdict.FRAGMENT
    transport = at + ipv4.HEADER_LENGTH
    if protocol == PROTOCOL_TCP:
        if transport + layer4.TCP_HEADER_LENGTH > start + length:
            return Verdict.LENGTH
        data_offset, flags = _TCP_FIELDS.unpack_from(data, transport)
        payload = transport + (data_offset >> 4) * 4
        if payload < transport + layer4.TCP_HEADER_LENGTH or payload > start + length:
            return Verdict.LENGTH
        if flags & ~(PSH | ECE) != ACK:
            return Verdict.FLAGS
    elif protocol == PROTOCOL_UDP:
        udp_length, checksum = _UDP_FIELDS.unpack_from(data, transport)
        payload = transport + layer4.UDP_HEADER_LENGTH
        flags = 0
        if udp_length != start + length - transport:
            return Verdict.LENGTH
        if not checksum:
            return Verdict.NO_CHECKSUM
    else:
        return Verdict.PROTOCOL
    if payload == start + length:
        return Verdict.NO_PAYLOAD
    return Candidate(
        Layout(ip, ip + ipv4.HEADER_LENGTH, payload - start, protocol),
        bool(fragment & ipv4.DONT_FRAGMENT),
        bool(flags & PSH),
    )


def runs(data: bytearray, view: memoryview, train: Train) -> list[Run]:
    """Return the train as runs, in its order; `view` is that of `data`."""
    found: list[Run] = []
    index = 0
    while index < train.packets:
        run = leading_run(data, view, train, index)
        found.append(run)
        index += run.packets
    return found


def leading_run(data: bytearray, view: memoryview, train: Train, index: int) -> Run:
    """Return the longest run that the packet at `index` leads, itself alone if need be."""
    ip, stride, packets, _last = train
    start, alone = index * stride, Run(index, 1)
    first = candidate(data, start, train.length(index), ip)
    if isinstance(first, Verdict) or first.closes or index == packets - 1:
        return alone
    layout, addressed = first.layout, start + ip + ipv4.SOURCE
    # Flows that alternate are known by their addresses and ports before anything is stamped.
    if data[addressed : addressed + 12] != data[addressed + stride : addressed + stride + 12]:
        return alone
    length, size = layout.payload, stride - layout.payload
    most = _most(train, index, layout, size)
    if most < 2:
        return alone
    came = b"".join(_headers(length, stride, most)(data, start))
    end = train.length(index + most - 1) - length
    expected = stamp(data[start : start + length], layout, most, size, end)
    checksum = layout.transport + layer4.CHECKSUM_OFFSETS[layout.protocol]
    partial = came[checksum : checksum + 2] == expected[checksum : checksum + 2]
    if not partial:
        expected[checksum::length] = came[checksum::length]
        expected[checksum + 1 :: length] = came[checksum + 1 :: length]
    count = most if came == expected else _alike(came, bytes(expected), first, most)
    if not partial:
        count = _right(view, train, layout, index, count)
    if count < 2:
        return alone
    return Run(index, count, layout, size, train.length(index + count - 1) - length)


def _most(train: Train, index: int, layout: Layout, size: int) -> int:
    """Return how many packets from `index` on a run can hold by their lengths."""
    room = TOTAL_LENGTH_MAX - (layout.payload - layout.ip)
    most = min(train.packets - index, SEGMENTS_MAX)
    last = train.length(index + most - 1) - layout.payload
    if last < 1:
        most, last = most - 1, size
    if (most - 1) * size + last > room:
        most = room // size
    return most


def _alike(came: bytes, expected: bytes, first: Candidate, most: int) -> int:
    """Return how many of the headers that came are those that are expected."""
    length = first.layout.payload
    for index in range(most):
        found = came[index * length : (index + 1) * length]
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
            _renumber(header, wanted, first.layout.ip)
        if header != wanted:
            return index
        if closes:
            return index + 1
    return most


def _renumber(header: bytearray, wanted: bytes, ip: int) -> None:
    """Give `header` the identification of `wanted`, if its IP checksum is right for its own.

    With all other words equal, the identification and the checksum must have the same sum.
    """
    identification, checksum = ip + ipv4.IDENTIFICATION, ip + ipv4.CHECKSUM
    own = _number(header, identification) + _number(header, checksum)
    if (own - _number(wanted, identification) - _number(wanted, checksum)) % 0xFFFF == 0:
        for offset in (identification, checksum):
            header[offset : offset + 2] = wanted[offset : offset + 2]


def _number(header: bytes | bytearray, offset: int) -> int:
    return header[offset] << 8 | header[offset + 1]


def _right(view: memoryview, train: Train, layout: Layout, index: int, count: int) -> int:
    """Return how many of `count` packets have a complete transport checksum that is right."""
    # The addresses stand right before the transport header and complete the pseudo-header.
    front = train.ip + ipv4.SOURCE
    last = train.length(index + count - 1)
    start = index * train.stride + front
    sums = word_sums(view, start, train.stride, train.stride - front, count - 1)
    start += (count - 1) * train.stride
    sums.append(word_sum(view[start : start + last - front]))
    lengths = [train.stride] * (count - 1) + [last]
    for at, (total, length) in enumerate(zip(sums, lengths, strict=True)):
        if (total + layout.protocol + length - layout.transport) % 0xFFFF:
            return at
    return count


@lru_cache(maxsize=1024)
def _headers(length: int, stride: int, count: int) -> Callable[..., tuple[bytes, ...]]:
    """Return a function that takes the headers of a train out of its buffer."""
    between = f"{length}s{stride - length}x" * (count - 1)
    return struct.Struct(f"{between}{length}s").unpack_from


def merged_header(data: bytearray, train: Train, run: Run) -> bytes:
    """Return the virtio-net header and the headers of the super-packet, to go before payloads.

    The flags of the last packet add PSH to those of the first.
    """
    ip, transport, length, protocol = run.layout
    start = run.first * train.stride
    header = bytearray(data[start + ip : start + length])
    transport -= ip
    total = length - ip + (run.packets - 1) * run.size + run.last
    _WORD.pack_into(header, ipv4.TOTAL_LENGTH, total)
    _WORD.pack_into(header, ipv4.CHECKSUM, 0)
    _WORD.pack_into(header, ipv4.CHECKSUM, -word_sum(header[:transport]) % 0xFFFF)
    checksum = layer4.CHECKSUM_OFFSETS[protocol]
    pseudo = word_sum(header[ipv4.SOURCE : transport]) + protocol + total - transport
    _WORD.pack_into(header, transport + checksum, partial_field(pseudo))
    gso_type = virtio_net.GSO_TCPV4
    if protocol == PROTOCOL_TCP:
        end = start + (run.packets - 1) * train.stride
        header[transport + layer4.TCP_FLAGS] |= (
            data[end + run.layout.transport + layer4.TCP_FLAGS] & PSH
        )
    else:
        gso_type = virtio_net.GSO_UDP_L4
        _WORD.pack_into(header, transport + layer4.UDP_LENGTH, total - transport)
    net_header = NetHeader(
        virtio_net.FLAG_NEEDS_CSUM, gso_type, length - ip, run.size, transport, checksum
    )
    return virtio_net.push(net_header) + header
