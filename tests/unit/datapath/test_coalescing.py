# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which packets are merged, which are not, and that segmenting gives the same packets again."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.inet import IP, TCP, UDP

from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.wire import virtio_net
from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.wire.coalescing import (
    Candidate,
    Obstacle,
    candidate,
    runs,
)

from .flows import content, cut, flow, joined, laid_out, merged, redone, tcp, udp
from .naive import naive_runs


def wrong(packet: bytes) -> bytes:
    """The packet with one bit of its transport checksum turned."""
    position = 36 if packet[9] == 6 else 26
    return packet[: position + 1] + bytes([packet[position + 1] ^ 1]) + packet[position + 2 :]


def partial(packets: list[bytes]) -> list[bytes]:
    """The packets as a peer sends them that leaves checksums partial."""
    left = []
    for packet in packets:
        header = virtio_net.NetHeader(1, 1 if packet[9] == 6 else 5, 0, 1 << 15, 20, 16)
        left += cut(virtio_net.push(header) + packet, full=False)
    return left


def test_a_flow_becomes_one_gso_packet() -> None:
    packets = flow([1400, 1400, 1400, 701])
    written = merged(packets)
    header = virtio_net.pull(written)
    assert header == (1, virtio_net.GSO_TCPV4, 52, 1400, 20, 16)
    whole = IP(written[10:])
    assert whole.len == len(written) - 10 == 52 + 4901
    assert bytes(whole)[:20] == redone(bytes(whole))[:20]
    assert bytes(whole[TCP].payload) == b"".join(packet[52:] for packet in packets)
    assert cut(written) == packets


def test_datagrams_become_one_gso_packet() -> None:
    packets = [udp(content(64, seed), ip={"id": 1 + seed}) for seed in range(5)]
    packets.append(udp(content(3), ip={"id": 6}))
    written = merged(packets)
    assert virtio_net.pull(written) == (1, virtio_net.GSO_UDP_L4, 28, 64, 20, 6)
    assert IP(written[10:])[UDP].len == 8 + 5 * 64 + 3
    assert cut(written) == packets


@given(
    st.integers(1, 1460),
    st.integers(2, 60),
    st.data(),
)
def test_segmenting_a_run_gives_its_packets(size: int, count: int, draw: st.DataObject) -> None:
    count = min(count, 65000 // size)
    if count < 2:
        return
    sizes = [size] * (count - 1) + [draw.draw(st.integers(1, size))]
    packets = flow(
        sizes,
        seq=draw.draw(st.integers(0, 0xFFFFFFFF)),
        flags=draw.draw(st.sampled_from(["A", "AE"])),
    )
    if draw.draw(st.booleans()):
        packets[-1] = redone(packets[-1][:33] + bytes([packets[-1][33] | 8]) + packets[-1][34:])
    assert joined(packets) == [count]
    assert cut(merged(packets)) == packets
    left = partial(packets)
    assert cut(merged(left), full=False) == left


def test_psh_ends_a_run_and_is_kept() -> None:
    packets = flow([100] * 5)
    packets[2] = tcp(content(100, 2), 1200, "PA", ip={"id": 3})
    assert joined(packets) == [3, 2]
    assert IP(merged(packets[:3])[10:])[TCP].flags == "PA"


def test_a_shorter_packet_ends_the_run() -> None:
    assert joined(flow([100, 100, 99])) == [3]


@pytest.mark.parametrize("flags", ["S", "SA", "FA", "RA", "AU", "AC", "P", ""])
def test_segments_with_other_flags_stay_alone(flags: str) -> None:
    packets = flow([100] * 3)
    packets[1] = tcp(content(100, 1), 1100, flags, ip={"id": 2})
    assert joined(packets) == [1, 1, 1]


@pytest.mark.parametrize(
    "change",
    [
        {"ip": {"id": 2, "tos": 1}},
        {"ip": {"id": 2, "ttl": 9}},
        {"ip": {"id": 2, "flags": ""}},
        {"ip": {"id": 2, "src": "100.96.2.3"}},
        {"ip": {"id": 2, "dst": "100.96.1.3"}},
        {"sport": 1},
        {"dport": 1},
        {"ack": 6},
        {"window": 1},
        {"urgptr": 1},
        {"flags": "AE"},
        {"options": [("NOP", None), ("NOP", None), ("Timestamp", (8, 9))]},
        {"seq": 1099},
        {"seq": 1000},
    ],
)
def test_packets_that_differ_are_not_merged(change: dict[str, object]) -> None:
    first = tcp(content(100))
    second = tcp(content(100, 1), **{"seq": 1100, "ip": {"id": 2}, **change})  # type: ignore[arg-type]
    assert joined([first, second]) == [1, 1]


def parsed(packet: bytes) -> Candidate | Obstacle:
    return candidate(bytearray(packet), 0, len(packet), 0)


@pytest.mark.parametrize(
    ("obstacle", "packet"),
    [
        (Obstacle.LENGTH, b"\x45" + bytes(26)),
        (Obstacle.IP_HEADER, b"\x55" + tcp(b"x")[1:]),
        (Obstacle.IP_HEADER, tcp(b"x", ip={"options": b"\1\1\1\1"})),
        (Obstacle.LENGTH, tcp(b"x") + b"padding"),
        (Obstacle.LENGTH, tcp(b"x" * 9)[:-1]),
        (Obstacle.FRAGMENT, tcp(b"x", ip={"flags": "MF"})),
        (Obstacle.FRAGMENT, udp(b"x", ip={"frag": 3})),
        (Obstacle.PROTOCOL, tcp(b"x", ip={"proto": 132})),
        (Obstacle.LENGTH, tcp(b"", options=[])[:32] + b"\xf0" + bytes(7)),
        (Obstacle.LENGTH, udp(b"xy", len=9)),
        (Obstacle.LENGTH, udp(b"xy", len=11)),
        (Obstacle.FLAGS, tcp(b"x", flags="SA")),
        (Obstacle.NO_PAYLOAD, tcp(b"")),
        (Obstacle.NO_PAYLOAD, udp(b"")),
        (Obstacle.NO_CHECKSUM, udp(b"x", chksum=0)),
    ],
)
def test_packets_that_are_never_merged(obstacle: Obstacle, packet: bytes) -> None:
    assert parsed(packet) is obstacle
    assert joined([packet, packet]) == [1, 1]


def test_identification_where_fragments_are_allowed() -> None:
    def packets(*numbers: int) -> list[bytes]:
        return [
            tcp(content(9), 1000 + 9 * index, ip={"id": number, "flags": ""})
            for index, number in enumerate(numbers)
        ]

    assert joined(packets(0xFFFE, 0xFFFF, 0, 1)) == [4]
    assert joined(packets(7, 7, 8, 10)) == [1, 2, 1]


def test_identification_does_not_matter_with_df() -> None:
    packets = [tcp(content(9), 1000 + 9 * index, ip={"id": 0}) for index in range(4)]
    assert joined(packets) == [4]
    random_numbers = random.Random(3)
    scattered = [udp(content(9), ip={"id": random_numbers.randrange(65536)}) for _ in range(9)]
    assert joined(scattered) == [9]


def test_a_wrong_transport_checksum_is_never_laundered() -> None:
    packets = flow([100] * 6)
    packets[2] = wrong(packets[2])
    assert joined(packets) == [2, 1, 3]
    # Two errors that cancel each other in a sum over the batch.
    for position, step in ((1, 1), (3, -1)):
        number = int.from_bytes(packets[position][36:38], "big") + step
        packets[position] = (
            packets[position][:36] + number.to_bytes(2, "big") + packets[position][38:]
        )
    assert joined(packets) == [1, 1, 1, 1, 2]
    datagrams = [udp(content(9, seed)) for seed in range(4)]
    datagrams[3] = wrong(datagrams[3])
    assert joined(datagrams) == [3, 1]


def test_a_wrong_ip_checksum_is_never_laundered() -> None:
    for broken in range(3):
        packets = flow([100] * 3)
        packets[broken] = packets[broken][:10] + b"\0\0" + packets[broken][12:]
        assert max(joined(packets)) < 3
        found = joined(packets)
        assert found[: broken + 1][-1] == 1 or broken == 2


def test_partial_checksums_are_merged_with_partial_ones() -> None:
    packets = partial(flow([100] * 3))
    assert joined(packets) == [3]
    mixed = [packets[0], flow([100] * 3)[1], packets[2]]
    assert joined(mixed) == [1, 1, 1]


def test_a_partial_checksum_for_another_length_is_wrong() -> None:
    packets = partial(flow([100] * 3))
    packets[1] = packets[1][:36] + b"\x12\x34" + packets[1][38:]
    assert joined(packets) == [1, 1, 1]


def test_the_limits_of_a_run() -> None:
    assert joined(flow([10] * 130)) == [64, 64, 2]
    assert joined(flow([1460] * 46)) == [44, 2]


def test_flows_that_alternate_keep_their_order() -> None:
    one, other = flow([100] * 3), flow([100] * 3, sport=7)
    assert joined([packet for pair in zip(one, other, strict=True) for packet in pair]) == [1] * 6
    assert joined([*one, *other]) == [3, 3]


def test_behind_another_header() -> None:
    """As VXLAN lays packets out, with its header and Ethernet's in front."""
    assert joined(flow([100] * 5), ip=22) == [5]
    packets = flow([100] * 5)
    packets[4] = wrong(packets[4])
    assert joined(packets, ip=22) == [4, 1]


@given(st.randoms(use_true_random=False), st.booleans(), st.booleans())
def test_the_rules_packet_by_packet_agree(
    chance: random.Random, is_tcp: bool, dont_fragment: bool
) -> None:
    """A flow with a few fields changed, and the checksums corrected or not."""
    ip_flags = "DF" if dont_fragment else ""
    packets = [
        tcp(content(40, index), 1000 + 40 * index, ip={"id": index, "flags": ip_flags})
        if is_tcp
        else udp(content(40, index), ip={"id": index, "flags": ip_flags})
        for index in range(6)
    ]
    if chance.randrange(2):
        packets[-1] = redone(packets[-1][: -chance.randrange(1, 40)])
    for _ in range(chance.randrange(4)):
        index = chance.randrange(6)
        changed = bytearray(packets[index])
        # Among them the identification, TTL, sequence number and flags.
        position = chance.choice([1, 4, 5, 6, 8, 10, 19, 20, 27, 33, 33, 35, 36, 45, 55])
        changed[position % len(changed)] ^= 1 << chance.randrange(8)
        packets[index] = bytes(changed)
        if chance.randrange(3):
            try:
                fixed = redone(packets[index])
            except Exception:  # scapy on damaged options
                continue
            if len(fixed) == len(changed):
                packets[index] = fixed
    assert joined(packets) == naive_runs(packets)


@given(st.binary(min_size=1, max_size=300), st.integers(1, 120))
def test_any_bytes_keep_their_content_and_order(data: bytes, stride: int) -> None:
    packets = [data[at : at + stride] for at in range(0, len(data), stride)]
    assert sum(joined(packets)) == len(packets)


@given(st.randoms(use_true_random=False))
def test_a_damaged_flow_gives_the_same_packets_in_the_same_order(chance: random.Random) -> None:
    packets = [bytearray(packet) for packet in flow([40] * 6)]
    for _ in range(chance.randrange(4)):
        packets[chance.randrange(6)][chance.randrange(92)] ^= 1 << chance.randrange(8)
    came = [bytes(packet) for packet in packets]
    data, batch = laid_out(came)
    delivered: list[bytes] = []
    for run in runs(data, memoryview(data), batch):
        some = came[run.first : run.first + run.packets]
        delivered += cut(merged(some)) if run.packets > 1 else some
    for packet, before in zip(delivered, came, strict=True):
        # With DF the identification may change, and the IP checksum with it.
        assert packet[:4] + packet[6:10] + packet[12:] == before[:4] + before[6:10] + before[12:]
