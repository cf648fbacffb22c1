# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Both directions on injected calls, with every offload off: errnos, bursts, counters."""

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
    BURST,
    Buffer,
    DeviceLostError,
    PacketIO,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.statistics import Counters
from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.table import Endpoint
from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.token_bucket import (
    TokenBucket,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.wire.virtio_net import (
    PLAIN,
)

from .packets import PEER, BothDirections, forwarding, packet


def os_error(number: int) -> OSError:
    return OSError(number, os.strerror(number))


class FakeIO:
    """A device and a socket in memory; an OSError in a queue is raised in its turn."""

    def __init__(self) -> None:
        self.to_read: deque[bytes | OSError] = deque()
        self.to_receive: deque[tuple[bytes, Endpoint] | OSError] = deque()
        self.written: list[bytes] = []
        self.sent: list[tuple[bytes, Endpoint]] = []
        self.write_error: OSError | None = None
        self.send_error: OSError | None = None

    def calls(self) -> PacketIO:
        return PacketIO(self.read, self.write, self.receive, self.send, lambda _peer: 1500)

    def read(self, buffers: list[memoryview]) -> int:
        if not self.to_read:
            raise BlockingIOError(errno.EAGAIN, "nothing to read")
        item = self.to_read.popleft()
        if isinstance(item, OSError):
            raise item
        buffers[0][:] = PLAIN
        buffers[1][: len(item)] = item
        return len(PLAIN) + len(item)

    def receive(self, buffer: memoryview) -> tuple[int, int, Endpoint]:
        if not self.to_receive:
            raise BlockingIOError(errno.EAGAIN, "nothing to receive")
        item = self.to_receive.popleft()
        if isinstance(item, OSError):
            raise item
        data, sender = item
        buffer[: len(data)] = data
        return len(data), 0, sender

    def write(self, buffers: Sequence[Buffer]) -> int:
        if self.write_error:
            raise self.write_error
        data = b"".join(buffers)
        assert data[: len(PLAIN)] == PLAIN
        self.written.append(data[len(PLAIN) :])
        return len(data)

    def send(self, buffers: Sequence[Buffer], size: int, endpoint: Endpoint) -> int:
        if self.send_error:
            raise self.send_error
        assert size == 0
        data = b"".join(buffers)
        self.sent.append((data, endpoint))
        return len(data)


class Rig:
    def __init__(self, burst: int = 50) -> None:
        self.io = FakeIO()
        self.counters = Counters()
        self.forwarding = forwarding()
        unreachables = TokenBucket(rate=0, burst=burst, now=0)
        self.offloads = Offloads(list(Offload))
        self.path = BothDirections(
            self.forwarding, self.io.calls(), self.counters, unreachables, self.offloads
        )

    def drops(self) -> dict[str, int]:
        return {reason: count for reason, count in self.counters.drops_by_reason().items() if count}


@pytest.fixture
def rig() -> Rig:
    return Rig()


OUT = packet("100.96.1.2", "100.96.2.2")
IN = packet("100.96.2.2", "100.96.1.2")


def test_packets_are_forwarded_and_counted(rig: Rig) -> None:
    other = packet("100.96.1.2", "100.96.3.9", size=1000)
    rig.io.to_read.extend([OUT, other, OUT])
    rig.io.to_receive.append((IN + b"padding", PEER))
    rig.path.drain_device()
    rig.path.drain_transport()
    assert rig.io.sent == [(OUT, PEER), (other, ("10.168.0.13", 8285)), (OUT, PEER)]
    assert rig.io.written == [IN]
    counters = rig.counters
    assert (counters.packets_out, counters.bytes_out) == (3, 2 * len(OUT) + len(other))
    assert (counters.packets_in, counters.bytes_in) == (1, len(IN))
    route = rig.forwarding.routes[0x64600202]
    assert route is not None
    traffic = route.traffic
    assert (traffic.packets_out, traffic.bytes_out) == (2, 2 * len(OUT))
    assert (traffic.packets_in, traffic.bytes_in) == (1, len(IN))
    assert traffic.last_heard is not None
    assert rig.drops() == {}


def test_a_burst_is_bounded_in_both_directions(rig: Rig) -> None:
    rig.io.to_read.extend([OUT] * (BURST + 1))
    rig.io.to_receive.extend([(IN, PEER)] * (BURST + 1))
    rig.path.drain_device()
    rig.path.drain_transport()
    assert (len(rig.io.sent), len(rig.io.written)) == (BURST, BURST)


def test_dropped_packets_spend_the_budget_too(rig: Rig) -> None:
    rig.io.to_receive.extend([(IN, ("192.0.2.1", 8285))] * (BURST + 1))
    rig.path.drain_transport()
    assert rig.drops() == {"stranger": BURST}
    rig.io.to_receive.extend([os_error(errno.EIO)] * (2 * BURST))
    rig.path.drain_transport()
    assert rig.drops()["receive-error"] == BURST - 1


def test_an_icmp_error_about_a_sent_datagram_is_no_loss(rig: Rig) -> None:
    """Those of icmp_err_convert, EMSGSIZE of a narrower path, EPROTO of a header problem."""
    for number in (
        *(errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENOPROTOOPT, errno.ECONNREFUSED),
        *(errno.EOPNOTSUPP, errno.EHOSTDOWN, errno.ENONET, errno.EMSGSIZE, errno.EPROTO),
    ):
        rig.io.to_receive.extend([os_error(number), (IN, PEER)])
    rig.path.drain_transport()
    assert rig.io.written == [IN] * 9
    assert rig.drops() == {}


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (errno.EAGAIN, "send-queue-full"),
        (errno.ENOBUFS, "send-queue-full"),
        (errno.EMSGSIZE, "too-big"),
        (errno.ENETUNREACH, "underlay-unreachable"),
        (errno.EHOSTUNREACH, "underlay-unreachable"),
        (errno.ENETDOWN, "underlay-unreachable"),
        (errno.EPERM, "send-refused"),
        (errno.EACCES, "send-refused"),
        (errno.ECONNREFUSED, "send-refused"),
        (errno.EINVAL, "send-error"),
        (errno.ENOMEM, "send-error"),
        (errno.EIO, "send-error"),
    ],
)
def test_a_failed_send_is_a_counted_drop(rig: Rig, number: int, reason: str) -> None:
    rig.io.send_error = os_error(number)
    rig.io.to_read.extend([OUT, OUT])
    rig.path.drain_device()
    assert rig.drops() == {reason: 2}
    rig.io.send_error = None
    rig.io.to_read.append(OUT)
    rig.path.drain_device()
    assert rig.counters.packets_out == 1


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (errno.EIO, "device-down"),
        (errno.EAGAIN, "device-queue-full"),
        (errno.ENOBUFS, "device-queue-full"),
        (errno.EINVAL, "tun-write-error"),
        (errno.EBADFD, "tun-write-error"),
    ],
)
def test_a_failed_write_is_a_counted_drop(rig: Rig, number: int, reason: str) -> None:
    rig.io.write_error = os_error(number)
    rig.io.to_receive.append((IN, PEER))
    rig.io.to_read.append(packet("100.96.1.2", "100.96.9.9"))
    rig.path.drain_transport()
    assert rig.drops() == {reason: 1}
    rig.path.drain_device()
    assert rig.drops() == {reason: 2, "no-route": 1}
    assert (rig.counters.packets_in, rig.counters.unreachables_sent) == (0, 0)


@pytest.mark.parametrize("number", [errno.EBADFD, errno.EIO, errno.EFAULT])
def test_a_read_that_fails_means_the_device_is_lost(rig: Rig, number: int) -> None:
    rig.io.to_read.extend([OUT, os_error(number)])
    with pytest.raises(DeviceLostError):
        rig.path.drain_device()
    assert len(rig.io.sent) == 1


@pytest.mark.parametrize(("destination", "code"), [("100.96.9.9", 0), ("100.96.1.77", 1)])
def test_the_sender_gets_an_icmp_unreachable(rig: Rig, destination: str, code: int) -> None:
    rig.io.to_read.append(packet("100.96.1.2", destination))
    rig.path.drain_device()
    (answer,) = (IP(data) for data in rig.io.written)
    assert (answer.src, answer.dst) == (destination, "100.96.1.2")
    assert (answer[ICMP].type, answer[ICMP].code) == (3, code)
    assert rig.counters.unreachables_sent == 1


@pytest.mark.parametrize(
    "silent",
    [
        packet("100.96.1.2", "224.0.0.1"),
        packet("100.96.1.2", "255.255.255.255"),
        packet("100.96.1.2", "100.96.9.9", frag=5),
        packet("127.0.0.1", "100.96.9.9"),
        bytes(IP(src="100.96.1.2", dst="100.96.9.9") / ICMP(type=3)),
        b"\x60" + bytes(40),
        b"",
    ],
)
def test_no_icmp_error_where_none_may_be_sent(rig: Rig, silent: bytes) -> None:
    rig.io.to_read.append(silent)
    rig.path.drain_device()
    assert rig.io.written == []
    assert sum(rig.counters.drops) == 1


def test_unreachables_are_limited() -> None:
    rig = Rig(burst=3)
    rig.io.to_read.extend([packet("100.96.1.2", "100.96.9.9")] * 10)
    rig.path.drain_device()
    assert len(rig.io.written) == 3
    assert (rig.counters.unreachables_sent, rig.counters.unreachables_suppressed) == (3, 7)
    assert rig.drops() == {"no-route": 10}


@pytest.mark.usefixtures("jumping_clock")
def test_a_jump_of_the_wall_clock_refills_no_budget_of_unreachables() -> None:
    test_unreachables_are_limited()
