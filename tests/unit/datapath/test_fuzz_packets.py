# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fuzzing of both directions, from a seeded corpus, bounded, and the same in every run.

For any input: no exception escapes, every packet is counted once, and every written or sent packet
is one that a permitted sender sent (`rules`).
"""

from __future__ import annotations

import errno
import os
import random
from collections import Counter, deque
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.offloads import Offloads
from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.policy import Drop
from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.sockets.packet_io import (
    Buffer,
    PacketIO,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.statistics import Counters
from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.table import Endpoint
from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.token_bucket import (
    TokenBucket,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.wire import vxlan

from .flows import content, tcp
from .packets import OTHER_PEER, PEER, BothDirections, forwarding
from .rules import NET_HEADER, Packet, cut, inner_packet
from .seeds import DATAGRAMS, DEVICE_PACKETS, TO_THE_PEER

SEED = 2026
ROUNDS = 1000
OWN = IPv4Network("100.96.1.0/24")
SUBNETS = {PEER: IPv4Network("100.96.2.0/24"), OTHER_PEER: IPv4Network("100.96.3.0/24")}
SENDERS = (PEER, PEER, PEER, OTHER_PEER, (PEER[0], 9), ("192.0.2.1", PEER[1]))
MACS = {"own": "02:77:0a:a8:00:0b", PEER: "02:77:0a:a8:00:0c", OTHER_PEER: "02:77:0a:a8:00:0d"}
# The offsets of the header length, of lengths, flags and offsets.
SIGNIFICANT = (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 16, 20, 23, 24, 25, 26, 27, 32, 33, 36, 37)
VALUES = (0, 1, 4, 5, 15, 0x40, 0x45, 0x4F, 0x60, 0x7F, 0x80, 0xFF)

Arrival = tuple[bytes, int, Endpoint]


class Wire:
    """Both directions on fake calls, with the packets to read and those written."""

    def __init__(self, is_vxlan: bool, partial: bool, chance: random.Random) -> None:
        self.arrivals: deque[Arrival] = deque()
        self.readings: deque[tuple[bytes, bytes]] = deque()
        self.written: list[bytes] = []
        self.sent: list[tuple[bytes, Endpoint]] = []
        self.failing: tuple[int, ...] = ()
        self.counters = Counters()
        self._chance = chance
        changes: dict[str, object] = {}
        peers = []
        for endpoint, subnet in SUBNETS.items():
            peer: dict[str, object] = {"subnet": str(subnet), "public_ip": endpoint[0]}
            if partial:
                peer["partial_checksum"] = True
            if is_vxlan:
                peer["vtep_mac"] = MACS[endpoint]
            peers.append(peer)
        if is_vxlan:
            changes = {"backend": "vxlan", "vni": 1, "vtep_mac": MACS["own"]}
        self.forwarding = forwarding(peers=peers, **changes)
        self.prefix = b""
        if is_vxlan:
            macs = (vxlan.parse_mac(MACS["own"]), vxlan.parse_mac(MACS[PEER]))
            self.prefix = vxlan.push(1, *macs)
        io = PacketIO(self._read, self._write, self._receive, self._send, lambda _peer: 1500)
        bucket = TokenBucket(rate=0, burst=0, now=0)
        self.path = BothDirections(self.forwarding, io, self.counters, bucket, Offloads())

    def _receive(self, buffer: memoryview) -> tuple[int, int, Endpoint]:
        if not self.arrivals:
            raise BlockingIOError
        data, size, sender = self.arrivals.popleft()
        length = min(len(data), len(buffer))
        buffer[:length] = data[:length]
        return length, size, sender

    def _read(self, buffers: list[memoryview]) -> int:
        if not self.readings:
            raise BlockingIOError
        header, packet = self.readings.popleft()
        buffers[0][:] = header
        buffers[1][: len(packet)] = packet
        return len(header) + len(packet)

    def _write(self, buffers: Sequence[Buffer]) -> int:
        self._perhaps_fail()
        self.written.append(b"".join(buffers))
        return len(self.written[-1])

    def _send(self, buffers: Sequence[Buffer], size: int, endpoint: Endpoint) -> int:
        self._perhaps_fail()
        data = b"".join(buffers)
        stride = size or len(data) or 1
        self.sent += ((data[at : at + stride], endpoint) for at in range(0, len(data), stride))
        return len(data)

    def _perhaps_fail(self) -> None:
        if self.failing and self._chance.random() < 0.1:
            number = self._chance.choice(self.failing)
            raise OSError(number, os.strerror(number))


def mutated(data: bytes, chance: random.Random, significant: Sequence[int] = SIGNIFICANT) -> bytes:
    """The data with some bytes changed, truncated, extended, or unchanged."""
    changed = bytearray(data)
    for _turn in range(chance.randrange(4)):
        kind = chance.randrange(6)
        if kind == 0 and changed:
            changed[chance.randrange(len(changed))] = chance.randrange(256)
        elif kind == 1:
            del changed[chance.randrange(len(changed) + 1) :]
        elif kind == 2:
            changed += chance.randbytes(chance.randrange(60))
        elif changed:
            at = min(chance.choice(significant), len(changed) - 1)
            changed[at] = chance.choice(VALUES)
    return bytes(changed[:65507])


def datagrams(arrival: Arrival, ip: int) -> list[bytes]:
    """The datagrams of one receive; behind a tunnel header, a batch may be a single packet."""
    data, size, sender = arrival
    if not size or not data:
        return [data]
    total = int.from_bytes(data[ip + 2 : ip + 4], "big") if len(data) >= ip + 4 else -1
    if ip and sender in SUBNETS and total == len(data) - ip:
        return [data]
    return [data[at : at + size] for at in range(0, len(data), size)]


def expect_rules_kept(wire: Wire, arrivals: Sequence[Arrival]) -> None:
    """Check what was written for `arrivals`, and that each datagram was counted once."""
    came = [(piece, one[2]) for one in arrivals for piece in datagrams(one, len(wire.prefix))]
    assert wire.counters.packets_in + sum(wire.counters.drops) == len(came)
    alone: Counter[bytes] = Counter()
    in_batches: Counter[bytes] = Counter()
    for data, sender in came:
        subnet = SUBNETS.get(sender)
        own = subnet and inner_packet(data, wire.prefix, subnet, OWN)
        if own:
            packet = Packet(own)
            packet = packet.finished()
            alone[packet.data] += 1
            if packet.has_right_header_sum():
                in_batches[packet.same_flow_form()] += 1
    for data in wire.written:
        # A single packet may be a GSO packet that the peer's kernel did not segment.
        whole = Packet(data[NET_HEADER.size :])
        whole = whole.finished()
        packets = cut(data)
        if len(packets) == 1 or alone[whole.data]:
            assert alone[whole.data], data[:80].hex()
            alone[whole.data] -= 1
            continue
        for packet in packets:
            assert in_batches[packet.same_flow_form()], packet.data[:80].hex()
            in_batches[packet.same_flow_form()] -= 1
    expect_peers_add_up(wire)


def expect_peers_add_up(wire: Wire) -> None:
    """The totals are the sums over the peers."""
    routes = [wire.forwarding.routes[int(subnet[1])] for subnet in SUBNETS.values()]
    traffic = [route.traffic for route in routes if route is not None]
    counters = wire.counters
    assert sum(each.packets_in for each in traffic) == counters.packets_in
    assert sum(each.bytes_in for each in traffic) == counters.bytes_in
    assert sum(each.packets_out for each in traffic) == counters.packets_out
    assert sum(each.bytes_out for each in traffic) == counters.bytes_out


FORMS = pytest.mark.parametrize(
    ("is_vxlan", "partial"),
    [(False, False), (False, True), (True, False)],
    ids=["udp", "udp-partial", "vxlan"],
)


@FORMS
def test_mutated_batches(is_vxlan: bool, partial: bool) -> None:
    chance = random.Random(SEED)
    seeds = list(DATAGRAMS.values())
    joined = 0
    for turn in range(ROUNDS):
        wire = Wire(is_vxlan, partial, chance)
        if turn % 3 == 0:
            wire.failing = (errno.EIO, errno.EAGAIN, errno.ENOBUFS)
        for _batch in range(chance.randrange(1, 4)):
            packets = [wire.prefix + packet for packet in chance.choice(seeds)]
            if turn % 4:
                packets = [
                    mutated(packet, chance, [ip + len(wire.prefix) for ip in SIGNIFICANT])
                    if chance.random() < 0.4
                    else packet
                    for packet in packets
                ]
            sender = chance.choice(SENDERS)
            size = len(packets[0])
            together = b"".join(packets)
            if chance.random() < 0.6 and size and len(together) < 65507:
                if chance.random() < 0.1:
                    size = chance.choice((1, 7, size - 1 or 1, size + 1, 65535))
                wire.arrivals.append((together, size, sender))
            else:
                wire.arrivals.extend((packet, 0, sender) for packet in packets)
        arrivals = list(wire.arrivals)
        while wire.arrivals:
            wire.path.drain_transport()
        if wire.failing:
            continue
        expect_rules_kept(wire, arrivals)
        joined += sum(1 for data in wire.written if len(cut(data)) > 1)
    # The corpus reaches the code that it is meant for.
    assert joined > 100


@FORMS
@settings(max_examples=150, derandomize=True, database=None)
@given(
    arrivals=st.lists(
        st.tuples(
            st.binary(max_size=200),
            st.one_of(st.just(0), st.integers(1, 80)),
            st.sampled_from(SENDERS),
        ).filter(lambda arrival: arrival[0] or not arrival[1]),
        max_size=8,
    )
)
def test_any_bytes(is_vxlan: bool, partial: bool, arrivals: list[Arrival]) -> None:
    wire = Wire(is_vxlan, partial, random.Random(SEED))
    wire.arrivals.extend(arrivals)
    wire.path.drain_transport()
    expect_rules_kept(wire, arrivals)


def contradictory(header: bytes, chance: random.Random) -> bytes:
    """A virtio-net header with one wrong field."""
    fields = list(NET_HEADER.unpack(header))
    at = chance.randrange(len(fields))
    if at < 2:
        fields[at] = chance.choice((0, 1, 2, 3, 4, 5, 0x7F, 0x80, 0x81, 0x85, 0xFF))
    else:
        fields[at] = chance.choice((0, 1, 6, 16, 19, 20, 40, 99, 1400, 9000, 0x7FFF, 0xFFFF))
    return NET_HEADER.pack(*fields)


@FORMS
def test_mutated_packets_of_the_device(is_vxlan: bool, partial: bool) -> None:
    """No length, checksum offset or segment size that the device could say breaks the sender."""
    chance = random.Random(SEED)
    seeds = list(DEVICE_PACKETS.values())
    batches = 0
    for turn in range(ROUNDS):
        wire = Wire(is_vxlan, partial, chance)
        failing = turn % 3 == 0
        if failing:
            wire.failing = (errno.EIO, errno.EINVAL, errno.ENOBUFS, errno.ENETUNREACH, errno.EPERM)
            wire.failing += (errno.EMSGSIZE, errno.EAGAIN, errno.ECONNREFUSED)
        for _packet in range(chance.randrange(1, 6)):
            header, packet = chance.choice(seeds)
            if chance.random() < 0.4:
                packet = mutated(packet, chance)
            if chance.random() < 0.4:
                header = contradictory(header, chance)
            wire.readings.append((header, packet))
        readings = list(wire.readings)
        wire.path.drain_device()
        expect_peers_add_up(wire)
        counters = wire.counters
        batches += counters.packets_out > len(readings)
        if failing:
            continue
        assert len(wire.sent) == counters.packets_out
        assert counters.packets_out + sum(counters.drops) >= len(readings)
        for data, endpoint in wire.sent:
            expect_sent_from(data, endpoint, wire, readings)
    assert batches > 100


def expect_sent_from(
    data: bytes, endpoint: Endpoint, wire: Wire, readings: Sequence[tuple[bytes, bytes]]
) -> None:
    """A datagram to a peer holds a packet for it: one that was read, or a segment of one."""
    inner = data[len(wire.prefix) :]
    assert any(
        gives(inner, *reading) and IPv4Address(reading[1][16:20]) in SUBNETS[endpoint]
        for reading in readings
    ), inner[:80].hex()


def gives(inner: bytes, header: bytes, packet: bytes) -> bool:
    """Whether `inner` is the packet, or a segment of the packet, that was read."""
    flags, gso_type, _hint, size, start, offset = NET_HEADER.unpack(header)
    if gso_type and start + 12 < len(packet):
        headers = start + ((packet[start + 12] >> 4) * 4 if packet[9] == 6 else 8)
        whole = int.from_bytes(inner[2:4], "big") == len(inner) <= headers + size
        return whole and inner[12:20] == packet[12:20] and inner[headers:] in packet[headers:]
    at = start + offset
    if flags & 1 and at + 2 <= len(packet):
        return inner[:at] == packet[:at] and inner[at + 2 :] == packet[at + 2 :]
    return inner == packet


def test_a_packet_with_a_verified_checksum_is_sent_unchanged() -> None:
    """VIRTIO_NET_HDR_F_DATA_VALID: set by tun_put_user if a NIC or GRO verified it."""
    wire = Wire(is_vxlan=False, partial=False, chance=random.Random(SEED))
    _header, packet = DEVICE_PACKETS["complete TCP"]
    wire.readings.append((NET_HEADER.pack(2, 0, 0, 0, 0, 0), packet))
    wire.path.drain_device()
    assert wire.sent == [(packet, PEER)]


def test_a_segment_larger_than_any_datagram_neither_ends_nor_hangs_the_process() -> None:
    wire = Wire(is_vxlan=False, partial=False, chance=random.Random(SEED))
    packet = tcp(content(65535 - 52), ip=TO_THE_PEER)
    wire.readings.append((NET_HEADER.pack(1, 1, 52, 65470, 20, 16), packet))
    wire.path.drain_device()
    assert wire.counters.packets_out + sum(wire.counters.drops) > 0


def test_a_segment_beyond_the_total_length_field_is_malformed() -> None:
    wire = Wire(is_vxlan=False, partial=False, chance=random.Random(SEED))
    header, packet = DEVICE_PACKETS["a TCP GSO packet"]
    fields = NET_HEADER.unpack(header)
    wire.readings.append((NET_HEADER.pack(*fields[:3], 65535, *fields[4:]), packet))
    wire.path.drain_device()
    assert wire.sent == []
    assert wire.counters.drops[Drop.MALFORMED] == 1
