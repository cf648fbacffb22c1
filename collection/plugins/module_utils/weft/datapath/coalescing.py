# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Joining the segments of one flow into the super-packet that the kernel takes in one write.

Theory of operation. A train is what came from one peer in datagrams of one size, laid out one
behind the other. Consecutive packets of it are joined into a run if, and only if, cutting the run
again would give back the packets that came: nothing is lost, and nothing is invented. Only
neighbours are joined, so no packet ever overtakes another.

The questions, in order, are those of `candidate` (may this packet be joined at all?) and of
`joins` (may it follow that one?), each answered by a `Verdict`. Most trains are a single run,
which `whole_train` finds with one comparison: it stamps the headers that cutting the run would
give (`segmentation.stamp`) and compares them with those that came.

No wrong checksum becomes a right one. A run is written with a partial checksum, which the kernel
finishes or takes as verified, so every packet in it must have had a right one: either complete,
and then it is verified here first, or partial, and then only from a peer that announces partial
checksums, which leaves one so only where its own kernel vouches for the payload
(`layer4.is_laundered` closes the gap of the coincidence). The outer UDP checksum proves that the
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
from .segmentation import Layout, column, stamp
from .virtio_net import NetHeader

TOTAL_LENGTH_MAX = 0xFFFF
# Before 1382e3b6a350 (Linux 6.9) the kernel cut a UDP train into no more.
SEGMENTS_MAX = 64

_WORD = struct.Struct("!H")
_IP_FIELDS = struct.Struct("!BxHHHxBH")  # version, length, identification, fragment, protocol, sum
_TCP_FIELDS = struct.Struct("!4xI4xBB2xH")  # sequence, data offset, flags, checksum
_UDP_FIELDS = struct.Struct("!4xHH")  # length, checksum


class Verdict(enum.Enum):
    """Why a packet is not joined to the one before, or JOINS."""

    JOINS = enum.auto()
    # The packet alone.
    IP_HEADER = enum.auto()  # options, or no IPv4
    FRAGMENT = enum.auto()
    PROTOCOL = enum.auto()
    LENGTH = enum.auto()  # a length that lies, or padding
    FLAGS = enum.auto()  # TCP other than ACK, with PSH or ECE
    NO_PAYLOAD = enum.auto()
    NO_CHECKSUM = enum.auto()  # UDP's 0
    # The packet and the one before.
    FLOW = enum.auto()  # a header field differs that a run has once
    SEQUENCE = enum.auto()
    CLOSED = enum.auto()  # PSH or a shorter packet came before
    LONGER = enum.auto()
    FULL = enum.auto()
    IDENTIFICATION = enum.auto()
    CHECKSUM = enum.auto()


class Candidate(NamedTuple):
    """A packet that may be joined. `flow` holds the bytes that all packets of a run share."""

    layout: Layout
    length: int
    flow: bytes
    identification: int
    dont_fragment: bool
    sequence: int
    flags: int
    checksum: int

    @property
    def payload(self) -> int:
        """The length of the payload in bytes."""
        return self.length - self.layout.payload


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

    `size` is the payload of each but the last, whose payload is `last`; 0 for a packet alone.
    """

    first: int
    packets: int
    layout: Layout | None = None
    size: int = 0
    last: int = 0


def candidate(data: bytearray, start: int, length: int, ip: int) -> Candidate | Verdict:
    """Return what joining needs to know of the datagram at `start`, or why it stays alone."""
    at = start + ip
    if length < ip + ipv4.HEADER_LENGTH + layer4.UDP_HEADER_LENGTH:
        return Verdict.LENGTH
    version, total, identification, fragment, protocol, _sum = _IP_FIELDS.unpack_from(data, at)
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
        sequence, data_offset, flags, checksum = _TCP_FIELDS.unpack_from(data, transport)
        payload = transport + (data_offset >> 4) * 4
        if payload < transport + layer4.TCP_HEADER_LENGTH or payload > start + length:
            return Verdict.LENGTH
        if flags & ~(PSH | ECE) != ACK:
            return Verdict.FLAGS
    elif protocol == PROTOCOL_UDP:
        udp_length, checksum = _UDP_FIELDS.unpack_from(data, transport)
        payload = transport + layer4.UDP_HEADER_LENGTH
        sequence = flags = 0
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
        length,
        _flow(data, start, at, transport, payload, protocol),
        identification,
        bool(fragment & ipv4.DONT_FRAGMENT),
        sequence,
        flags,
        checksum,
    )


def _flow(
    data: bytearray, start: int, ip: int, transport: int, payload: int, protocol: int
) -> bytes:
    """Return all bytes of the headers but those that cutting a run changes.

    TOS with ECN, fragment bits, TTL, addresses, ports; TCP's acknowledgement, window, urgent
    pointer, options, and its flags but for PSH.
    """
    header = bytearray(data[start:payload])
    ip, transport = ip - start, transport - start
    header[ip + ipv4.TOTAL_LENGTH : ip + ipv4.FRAGMENT] = bytes(4)
    header[ip + ipv4.CHECKSUM : ip + ipv4.SOURCE] = bytes(2)
    if protocol == PROTOCOL_TCP:
        header[transport + layer4.TCP_SEQUENCE : transport + layer4.TCP_SEQUENCE + 4] = bytes(4)
        header[transport + layer4.TCP_FLAGS] &= ~PSH
        header[transport + layer4.TCP_CHECKSUM : transport + layer4.TCP_CHECKSUM + 2] = bytes(2)
    else:
        header[transport + layer4.UDP_LENGTH : transport + layer4.UDP_LENGTH + 4] = bytes(4)
    return bytes(header)


def joins(first: Candidate, count: int, previous: Candidate, packet: Candidate) -> Verdict:
    """Return whether `packet` may follow `previous`, the last of the `count` that `first` leads.

    The checksums are not looked at; that is `is_sound`.
    """
    if packet.flow != first.flow:
        return Verdict.FLOW
    if previous.flags & PSH or previous.length < first.length:
        return Verdict.CLOSED
    if packet.length > first.length:
        return Verdict.LONGER
    total = first.length - first.layout.ip + (count - 1) * first.payload + packet.payload
    if count >= SEGMENTS_MAX or total > TOTAL_LENGTH_MAX:
        return Verdict.FULL
    if packet.layout.protocol == PROTOCOL_TCP and (
        packet.sequence != (previous.sequence + previous.payload) & 0xFFFFFFFF
    ):
        return Verdict.SEQUENCE
    # Where fragments are allowed the identification must survive the cut (RFC 6864, 4.1).
    if not packet.dont_fragment and (
        packet.identification != (previous.identification + 1) & 0xFFFF
    ):
        return Verdict.IDENTIFICATION
    return Verdict.JOINS


def is_sound(view: memoryview, packet: Candidate, start: int, takes_partial: bool) -> bool:
    """Return whether both checksums of the packet are right, or the transport's is vouched for."""
    ip, transport, _payload, protocol = packet.layout
    if word_sum(view[start + ip : start + transport]):
        return False
    end = start + packet.length
    # The addresses stand right before the transport header and complete the pseudo-header.
    covered = start + ip + ipv4.SOURCE
    pseudo = protocol + packet.length - transport
    addresses = word_sum(view[covered : start + transport])
    if takes_partial and packet.checksum == partial_field(addresses + pseudo):
        return True
    return (word_sum(view[covered:end]) + pseudo) % 0xFFFF == 0


def whole_train(data: bytearray, view: memoryview, train: Train, takes_partial: bool) -> Run | None:
    """Return the train as one run if it is one, by a single comparison; None leaves it open."""
    ip, stride, count, last = train
    first = candidate(data, 0, stride, ip)
    if isinstance(first, Verdict) or count > SEGMENTS_MAX or first.flags & PSH:
        return None
    layout = first.layout
    length = layout.payload
    size, end = stride - length, last - length
    if end < 1 or length - ip + (count - 1) * size + end > TOTAL_LENGTH_MAX:
        return None
    came = b"".join(_headers(length, stride, count)(data))
    expected = stamp(data[:length], layout, count, size, end)
    if layout.protocol == PROTOCOL_TCP:
        expected[layout.transport + layer4.TCP_FLAGS - length] |= (
            came[layout.transport + layer4.TCP_FLAGS - length] & PSH
        )
    checksum = layout.transport + layer4.CHECKSUM_OFFSETS[layout.protocol]
    partial = takes_partial and data[checksum : checksum + 2] == expected[checksum : checksum + 2]
    if not partial:
        _copy_word_column(came, expected, length, checksum)
    if came != expected and not (
        first.dont_fragment and _differs_in_identification(came, expected, length, ip)
    ):
        return None
    if not partial and not _all_right(view, train, layout):
        return None
    return Run(0, count, layout, size, end)


def _differs_in_identification(came: bytes, expected: bytearray, length: int, ip: int) -> bool:
    """Return whether only the identification, and the IP checksum rightly with it, differ."""
    identification, checksum = ip + ipv4.IDENTIFICATION, ip + ipv4.CHECKSUM
    wanted = zip(
        column(expected, length, identification), column(expected, length, checksum), strict=True
    )
    found = zip(column(came, length, identification), column(came, length, checksum), strict=True)
    if any((sum(one) - sum(other)) % 0xFFFF for one, other in zip(wanted, found, strict=True)):
        return False
    _copy_word_column(came, expected, length, identification)
    _copy_word_column(came, expected, length, checksum)
    return came == expected


def _copy_word_column(source: bytes, target: bytearray, stride: int, offset: int) -> None:
    target[offset::stride] = source[offset::stride]
    target[offset + 1 :: stride] = source[offset + 1 :: stride]


def _all_right(view: memoryview, train: Train, layout: Layout) -> bool:
    """Return whether every complete transport checksum of the train is right."""
    stride, covered = train.stride, train.ip + ipv4.SOURCE
    whole = layout.protocol + stride - layout.transport
    for start in range(0, (train.packets - 1) * stride, stride):
        if (word_sum(view[start + covered : start + stride]) + whole) % 0xFFFF:
            return False
    start = (train.packets - 1) * stride
    pseudo = layout.protocol + train.last - layout.transport
    return not (word_sum(view[start + covered : start + train.last]) + pseudo) % 0xFFFF


@lru_cache(maxsize=256)
def _headers(length: int, stride: int, count: int) -> Callable[[bytearray], tuple[bytes, ...]]:
    """Return a function that takes the headers of a train out of its buffer."""
    between = f"{length}s{stride - length}x" * (count - 1)
    return struct.Struct(f"{between}{length}s").unpack_from


def runs(data: bytearray, view: memoryview, train: Train, takes_partial: bool) -> list[Run]:
    """Return the train as runs, in its order; `view` is that of `data`.

    `takes_partial` says that the sender leaves checksums partial only where its kernel vouches.
    """
    whole = whole_train(data, view, train, takes_partial)
    if whole is not None:
        return [whole]
    found: list[Run] = []
    index = 0
    while index < train.packets:
        run = _run_from(data, view, train, index, takes_partial)
        found.append(run)
        index += run.packets
    return found


def _run_from(
    data: bytearray, view: memoryview, train: Train, index: int, takes_partial: bool
) -> Run:
    """Return the longest run that the packet at `index` leads."""
    ip, stride, _count, _last = train
    alone = Run(index, 1)
    first = candidate(data, index * stride, train.length(index), ip)
    if isinstance(first, Verdict):
        return alone
    previous, count = first, 1
    for at in range(index + 1, train.packets):
        packet = candidate(data, at * stride, train.length(at), ip)
        if isinstance(packet, Verdict) or joins(first, count, previous, packet) is not (
            Verdict.JOINS
        ):
            break
        if count == 1 and not is_sound(view, first, index * stride, takes_partial):
            return alone
        if not is_sound(view, packet, at * stride, takes_partial):
            break
        previous, count = packet, count + 1
    if count == 1:
        return alone
    return Run(index, count, first.layout, first.payload, previous.payload)


def merged_header(data: bytearray, train: Train, run: Run) -> bytes:
    """Return the virtio-net header and the headers of the super-packet, to go before payloads.

    The flags of the last packet add PSH to those of the first.
    """
    assert run.layout is not None
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
