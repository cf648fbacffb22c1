# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Batches on injected calls: what one call sends or writes, and the fallback after each errno."""

from __future__ import annotations

import errno
import os
from collections import deque
from collections.abc import Sequence

import pytest
from scapy.layers.inet import ICMP, IP

from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.offloads import (
    Offload,
    Offloads,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.sockets.packet_io import (
    OUTER_HEADERS,
    Buffer,
    PacketIO,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.statistics import Counters
from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.table import Endpoint
from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.token_bucket import (
    TokenBucket,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.wire import virtio_net
from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.wire.virtio_net import (
    PLAIN,
    NetHeader,
)

from .flows import content, cut, flow, tcp, udp
from .packets import OTHER_PEER, PEER, BothDirections, forwarding

INSIDE, THERE = "100.96.1.2", "100.96.2.2"
OUTWARD = {"src": INSIDE, "dst": THERE}


class Rig:
    """A forwarder whose calls are lists; `send_errors` and `write_errors` come first.

    While `narrow`, what is larger than the path's MTU is refused.
    """

    def __init__(self, partial: bool = False, disabled: Sequence[Offload] = ()) -> None:
        self.to_read: deque[tuple[bytes, bytes]] = deque()
        self.to_receive: deque[tuple[bytes, int, Endpoint]] = deque()
        self.written: list[bytes] = []
        self.sent: list[tuple[bytes, int, Endpoint]] = []
        self.send_errors: deque[int] = deque()
        self.write_errors: deque[int] = deque()
        self.mtu = 1500
        self.narrow = False
        self.counters = Counters()
        self.offloads = Offloads(disabled)
        peers = [
            {"subnet": "100.96.2.0/24", "public_ip": PEER[0]},
            {"subnet": "100.96.3.0/24", "public_ip": OTHER_PEER[0]},
        ]
        if partial:
            peers = [{**peer, "partial_checksum": True} for peer in peers]  # type: ignore[dict-item]
        self.path = BothDirections(
            forwarding(peers=peers),
            PacketIO(self.read, self.write, self.receive, self.send, lambda _peer: self.mtu),
            self.counters,
            TokenBucket(rate=0, burst=50, now=0),
            self.offloads,
        )

    def read(self, buffers: list[memoryview]) -> int:
        if not self.to_read:
            raise BlockingIOError
        header, packet = self.to_read.popleft()
        buffers[0][:] = header
        buffers[1][: len(packet)] = packet
        return len(header) + len(packet)

    def receive(self, buffer: memoryview) -> tuple[int, int, Endpoint]:
        if not self.to_receive:
            raise BlockingIOError
        data, size, sender = self.to_receive.popleft()
        buffer[: len(data)] = data
        return len(data), size, sender

    def write(self, buffers: Sequence[Buffer]) -> int:
        if self.write_errors:
            raise_errno(self.write_errors.popleft())
        self.written.append(b"".join(buffers))
        return len(self.written[-1])

    def send(self, buffers: Sequence[Buffer], size: int, endpoint: Endpoint) -> int:
        if self.send_errors:
            raise_errno(self.send_errors.popleft())
        if self.narrow and (size or sum(map(len, buffers))) + OUTER_HEADERS > self.mtu:
            raise_errno(errno.EMSGSIZE)
        self.sent.append((b"".join(buffers), size, endpoint))
        return len(self.sent[-1][0])

    def out(self, *packets: bytes, header: bytes = PLAIN) -> None:
        self.to_read.extend((header, packet) for packet in packets)
        self.path.drain_device()

    def into(self, packets: list[bytes], sender: Endpoint = PEER, gro: bool = True) -> None:
        if gro:
            self.to_receive.append((b"".join(packets), len(packets[0]), sender))
        else:
            self.to_receive.extend((packet, 0, sender) for packet in packets)
        self.path.drain_transport()

    def sent_datagrams(self) -> list[bytes]:
        return [
            data[at : at + (size or len(data))]
            for data, size, _ in self.sent
            for at in range(0, len(data), size or len(data))
        ]

    def drops(self) -> dict[str, int]:
        return {reason: count for reason, count in self.counters.drops_by_reason().items() if count}


def raise_errno(number: int) -> None:
    raise OSError(number, os.strerror(number))


def outward(*sizes: int, destination: str = THERE) -> list[bytes]:
    return [
        udp(content(size, index), ip={"src": INSIDE, "dst": destination})
        for index, size in enumerate(sizes)
    ]


def gso_packet(size: int, segment: int = 1420, **fields: object) -> tuple[bytes, bytes]:
    """A TCP GSO packet as read from the device: its virtio-net header, and the packet."""
    packet = tcp(content(size), ip={**OUTWARD, "id": 9}, **fields)  # type: ignore[arg-type]
    return virtio_net.push(NetHeader(1, virtio_net.GSO_TCPV4, 999, segment, 20, 16)), packet


def test_packets_of_one_size_to_one_peer_leave_by_one_send() -> None:
    rig = Rig()
    packets = outward(100, 100, 100, 40)
    rig.out(*packets)
    assert rig.sent == [(b"".join(packets), 128, PEER)]
    assert (rig.counters.packets_out, rig.counters.bytes_out) == (4, 3 * 128 + 68)


def test_a_batch_ends_where_size_or_peer_change() -> None:
    rig = Rig()
    elsewhere = outward(100, 100, destination="100.96.3.2")
    packets = [*outward(100, 100, 50), *outward(50, 200, 200), *elsewhere, *outward(9)]
    rig.out(*packets)
    assert rig.sent_datagrams() == packets
    assert [(size, peer) for _, size, peer in rig.sent] == [
        (128, PEER),
        (0, PEER),
        (228, PEER),
        (128, OTHER_PEER),
        (0, PEER),
    ]


def test_a_batch_is_bounded() -> None:
    rig = Rig()
    packets = outward(*[1400] * 64)
    rig.out(*packets)
    assert rig.sent_datagrams() == packets
    assert max(len(data) for data, _, _ in rig.sent) <= 65507


def test_a_drop_inside_a_batch_does_not_end_it() -> None:
    rig = Rig()
    one, two = outward(100, 100)
    rig.out(one, udp(content(100), ip={"src": INSIDE, "dst": "100.96.9.9"}), two)
    assert rig.sent == [(one + two, 128, PEER)]
    assert rig.drops() == {"no-route": 1}


@pytest.mark.parametrize("number", [errno.EIO, errno.EINVAL, errno.EOPNOTSUPP])
def test_refused_gso_is_disabled_and_the_batch_sent_singly(number: int) -> None:
    rig = Rig()
    packets = outward(100, 100, 40)
    for batch in range(2):
        assert rig.offloads.active(Offload.UDP_GSO)
        rig.send_errors.append(number)
        rig.out(*packets)
        assert rig.sent[3 * batch :] == [(packet, 0, PEER) for packet in packets]
    assert rig.offloads.status()["udp-gso"] == f"refused: {os.strerror(number)}"
    assert rig.offloads.active(Offload.UDP_GRO)
    rig.out(*packets)
    assert rig.sent[6:] == [(packet, 0, PEER) for packet in packets]
    assert (rig.counters.packets_out, rig.drops()) == (9, {})


def test_gso_is_kept_if_a_refusing_route_is_deleted_during_a_batch() -> None:
    """A blackhole route answers the batch with EINVAL, and is deleted before its first datagram."""
    rig = Rig()
    for batch in (outward(100, 100), outward(200, 200)):
        rig.send_errors.append(errno.EINVAL)
        rig.out(*batch)
        assert rig.sent == [(packet, 0, PEER) for packet in batch]
        rig.sent.clear()
        rig.out(*batch)
        assert [len(data) for data, _, _ in rig.sent] == [sum(map(len, batch))]
        rig.sent.clear()
    assert rig.offloads.active(Offload.UDP_GSO)


def test_gso_is_kept_if_single_datagrams_are_refused_too() -> None:
    """EINVAL, as from a blackhole route for every send."""
    rig = Rig()
    rig.send_errors.extend([errno.EINVAL] * 4)
    rig.out(*outward(100, 100, 40))
    assert (rig.sent, rig.drops()) == ([], {"send-error": 3})
    assert rig.offloads.active(Offload.UDP_GSO)
    rig.out(*outward(100, 100))
    assert rig.sent == [(b"".join(outward(100, 100)), 128, PEER)]


@pytest.mark.parametrize("flags", ["DF", ""])
def test_gso_is_kept_where_a_segment_is_larger_than_the_path_takes(flags: str) -> None:
    """EINVAL before Linux 6.14; that the shorter last one goes alone, or pieces, is no proof."""
    rig = Rig()
    rig.mtu = 140
    packets = [udp(content(size), ip={**OUTWARD, "flags": flags}) for size in (120, 120, 40)]
    rig.send_errors.append(errno.EINVAL)
    rig.narrow = True
    rig.out(*packets)
    assert rig.sent_datagrams()[-1] == packets[-1]
    assert max(map(len, rig.sent_datagrams())) <= 112
    assert rig.drops() == ({"too-big": 2} if flags else {})
    assert rig.offloads.active(Offload.UDP_GSO)


def test_emsgsize_of_a_batch_keeps_gso() -> None:
    rig = Rig()
    packets = outward(100, 100)
    rig.send_errors.append(errno.EMSGSIZE)
    rig.out(*packets)
    assert rig.sent == [(packet, 0, PEER) for packet in packets]
    assert rig.offloads.active(Offload.UDP_GSO)


def test_enobufs_is_tried_again_and_then_sent_singly() -> None:
    rig = Rig()
    packets = outward(100, 100)
    rig.send_errors.append(errno.ENOBUFS)
    rig.out(*packets)
    assert rig.sent == [(b"".join(packets), 128, PEER)]
    rig.send_errors.extend([errno.ENOBUFS] * 4)
    rig.out(*packets)
    assert rig.sent[1:] == [(packets[1], 0, PEER)]
    assert rig.drops() == {"send-queue-full": 1}


@pytest.mark.parametrize(
    ("number", "reason"),
    [(errno.ENETUNREACH, "underlay-unreachable"), (errno.EPERM, "send-refused")],
)
def test_every_packet_of_a_lost_batch_is_counted(number: int, reason: str) -> None:
    rig = Rig()
    rig.send_errors.append(number)
    rig.out(*outward(100, 100, 100))
    assert (rig.sent, rig.drops()) == ([], {reason: 3})


@pytest.mark.parametrize("partial", [True, False])
@pytest.mark.parametrize("disabled", [(), (Offload.UDP_GSO,)])
def test_a_gso_packet_is_segmented(partial: bool, disabled: tuple[Offload, ...]) -> None:
    rig = Rig(partial, disabled)
    header, packet = gso_packet(1420 * 46 + 7)
    rig.out(packet, header=header)
    expected = cut(header + packet, full=not partial)
    assert rig.sent_datagrams() == expected
    assert rig.counters.packets_out == len(expected) == 47
    assert len(rig.sent) == (47 if disabled else 2)


def test_packets_around_a_gso_packet_keep_their_order() -> None:
    rig = Rig(partial=True)
    header, packet = gso_packet(3000)
    rig.to_read.extend([(PLAIN, outward(60)[0]), (header, packet), (PLAIN, outward(60)[0])])
    rig.path.drain_device()
    assert rig.sent_datagrams() == [*outward(60), *cut(header + packet, full=False), *outward(60)]


def test_a_contradictory_gso_packet_is_dropped() -> None:
    rig = Rig()
    rig.out(gso_packet(3000)[1], header=virtio_net.push(NetHeader(1, 4, 52, 1420, 20, 16)))
    tiny = virtio_net.push(NetHeader(1, virtio_net.GSO_TCPV4, 52, 1, 20, 16))
    rig.out(gso_packet(60000)[1], header=tiny)
    assert (rig.sent, rig.drops()) == ([], {"malformed": 2})


def left_partial() -> tuple[bytes, bytes, bytes]:
    """The virtio-net header, the packet with a partial checksum, the same with a complete one."""
    header, packet = gso_packet(100)
    (partial,) = cut(header + packet, full=False)
    (full,) = cut(header + packet)
    return virtio_net.push(NetHeader(1, 0, 0, 0, 20, 16)), partial, full


def test_a_partial_checksum_is_finished_unless_the_peer_does_it() -> None:
    header, partial, full = left_partial()
    rig = Rig()
    rig.out(partial, header=header)
    assert rig.sent == [(full, 0, PEER)]
    rig = Rig(partial=True)
    rig.out(partial, header=header)
    assert rig.sent == [(partial, 0, PEER)]
    rig = Rig(partial=True, disabled=[Offload.PARTIAL_CHECKSUM])
    rig.path = BothDirections(
        forwarding(
            offloads={"partial-checksum": False},
            peers=[{"subnet": "100.96.2.0/24", "public_ip": PEER[0], "partial_checksum": True}],
        ),
        PacketIO(rig.read, rig.write, rig.receive, rig.send, lambda _peer: 1500),
        rig.counters,
        TokenBucket(0, 0, 0),
        rig.offloads,
    )
    rig.out(partial, header=header)
    assert rig.sent == [(full, 0, PEER)]


def test_a_checksum_inside_a_tunnel_of_the_containers_is_finished_for_every_peer() -> None:
    """csum_start beyond the outer header: no peer looks there."""
    packet = bytearray(outward(100)[0])
    header = virtio_net.push(NetHeader(1, 0, 0, 0, 40, 6))
    rig = Rig(partial=True)
    rig.out(bytes(packet), header=header)
    assert rig.sent[0][0][46:48] != packet[46:48]
    assert rig.sent[0][0][:46] == packet[:46]


def test_a_wrong_checksum_that_the_peer_would_make_right_is_dropped() -> None:
    """It looks partial, but is complete by its virtio-net header: so it is wrong."""
    _header, partial, full = left_partial()
    rig = Rig(partial=True)
    rig.out(partial, full)
    assert rig.drops() == {"wrong-checksum": 1}
    assert rig.sent == [(full, 0, PEER)]
    # To a peer that does not finish checksums it is sent unchanged.
    rig = Rig()
    rig.out(partial)
    assert rig.sent == [(partial, 0, PEER)]


def test_a_path_that_is_narrower_is_reported_with_df() -> None:
    rig = Rig()
    rig.mtu = 1400
    rig.send_errors.append(errno.EMSGSIZE)
    packet = udp(content(1400), ip=OUTWARD)
    rig.out(packet)
    answer = IP(rig.written[0][10:])
    assert (answer.dst, answer[ICMP].type, answer[ICMP].code) == (INSIDE, 3, 4)
    assert answer[ICMP].nexthopmtu == 1372
    assert (rig.sent, rig.drops()) == ([], {"too-big": 1})


def test_a_path_that_is_narrower_gets_inner_fragments_without_df() -> None:
    header, partial, full = left_partial()
    for is_partial in (True, False):
        rig = Rig(partial=is_partial)
        rig.mtu = 140
        rig.send_errors.append(errno.EMSGSIZE)
        without = bytearray(partial)
        without[6] = 0
        rig.out(bytes(without), header=header)
        pieces = [IP(data) for data, _, _ in rig.sent]
        assert [len(piece) for piece in pieces] == [108, 64]
        assert b"".join(bytes(piece.payload) for piece in pieces) == full[20:]
        assert (rig.counters.packets_out, rig.drops()) == (1, {})


@pytest.mark.parametrize("mtu", [60, 1500])
def test_a_path_that_makes_no_sense_is_only_counted(mtu: int) -> None:
    rig = Rig()
    rig.mtu = mtu
    rig.send_errors.append(errno.EMSGSIZE)
    rig.out(udp(content(100), ip={**OUTWARD, "flags": ""}))
    assert (rig.sent, rig.written, rig.drops()) == ([], [], {"too-big": 1})


@pytest.mark.parametrize("gro", [True, False])
def test_a_batch_is_written_as_one_gso_packet(gro: bool) -> None:
    rig = Rig()
    packets = flow([1000, 1000, 1000, 300])
    rig.into(packets, gro=gro)
    (written,) = rig.written
    assert cut(written) == packets
    counters = rig.counters
    assert (counters.packets_in, counters.bytes_in) == (4, sum(map(len, packets)))


def test_two_receives_of_one_run_become_one_write() -> None:
    rig = Rig()
    packets = flow([1420] * 45 + [9])
    rig.to_receive.append((b"".join(packets[:44]), 1472, PEER))
    rig.to_receive.append((b"".join(packets[44:]), 1472, PEER))
    rig.path.drain_transport()
    (written,) = rig.written
    assert cut(written) == packets


def test_batches_of_different_senders_stay_separate() -> None:
    rig = Rig()
    others = [tcp(content(1000), ip={"src": "100.96.3.2"})]
    rig.to_receive.extend((packet, 0, PEER) for packet in flow([1000, 1000]))
    rig.to_receive.extend((packet, 0, OTHER_PEER) for packet in others)
    rig.to_receive.append((flow([1000])[0], 0, PEER))
    rig.path.drain_transport()
    assert [len(cut(one)) if one[1] else 1 for one in rig.written] == [2, 1, 1]
    assert rig.drops() == {}


def test_a_spoofed_packet_in_a_batch_is_dropped() -> None:
    rig = Rig()
    packets = flow([100] * 4)
    packets[2] = tcp(content(100, 2), 1200, ip={"id": 3, "src": "100.96.3.2"})
    rig.into(packets)
    assert rig.drops() == {"inner-source": 1}
    assert rig.counters.packets_in == 3
    rig.into([tcp(content(9), ip={"src": "192.0.2.1"})] * 3)
    assert rig.drops() == {"inner-source": 4}


def test_a_batch_of_an_unknown_sender_is_counted_by_datagrams() -> None:
    rig = Rig()
    rig.into(flow([100] * 5), sender=("192.0.2.1", 8285))
    assert (rig.written, rig.drops()) == ([], {"stranger": 5})


def test_a_refused_coalesced_write_disables_it_for_its_protocol() -> None:
    rig = Rig()
    packets = flow([100] * 3)
    rig.write_errors.append(errno.EINVAL)
    rig.into(packets)
    rig.into(packets)
    assert rig.written == [PLAIN + packet for packet in packets] * 2
    assert rig.offloads.status()["coalesce-tcp"] == "refused: Invalid argument"
    rig.into([udp(content(9, seed)) for seed in range(3)])
    assert len(rig.written) == 7
    assert rig.drops() == {}


def test_every_packet_of_a_failed_coalesced_write_is_counted() -> None:
    rig = Rig()
    rig.write_errors.append(errno.EIO)
    rig.into(flow([100] * 3))
    assert (rig.written, rig.drops()) == ([], {"device-down": 3})
    assert rig.offloads.active(Offload.COALESCE_TCP)


def test_partial_checksums_of_every_peer_are_left_to_our_kernel() -> None:
    _header, partial, full = left_partial()
    inward = bytearray(partial)
    inward[12:20] = inward[16:20] + inward[12:16]  # the sum of the addresses stays
    # Neither the announcement of the peer nor our own is a condition.
    for rig in (Rig(partial=True), Rig(), Rig(disabled=[Offload.PARTIAL_CHECKSUM])):
        rig.into([bytes(inward)], gro=False)
        assert rig.written == [virtio_net.push(NetHeader(1, 0, 0, 0, 20, 16)) + inward]
    rig = Rig(partial=True)
    inward[36:38] = full[36:38]
    rig.into([bytes(inward)], gro=False)
    assert rig.written == [PLAIN + inward]


def test_a_wake_ends_after_its_bytes() -> None:
    rig = Rig()
    data = b"".join(flow([1420] * 44))
    rig.to_receive.extend([(data, 1472, PEER)] * 20)
    rig.path.drain_transport()
    assert len(rig.to_receive) == 20 - 9


def test_an_empty_datagram_is_truncated_and_disturbs_nothing() -> None:
    rig = Rig()
    packets = flow([100] * 2)
    rig.into([packets[0], b"", packets[1], b""], gro=False)
    assert rig.drops() == {"truncated": 2}
    assert rig.written == [PLAIN + packets[0], PLAIN + packets[1]]
