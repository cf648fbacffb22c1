# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the peers to the device: a train becomes runs, and a run is written as one super-packet.

The kernel gives a train whole (UDP_GRO), or datagram by datagram; these are laid one behind the
other as a train too, so that what follows is the same. The questions to a packet, who sent it and
from and to where it says it goes, are asked once a run: `coalescing` joins only packets whose
addresses are equal. Nothing waits: what is received in a wake is written in it, and where the last
wake brought a single datagram, this one's first is written before the next is asked for.
"""

from __future__ import annotations

import errno
import time

from .counters import Counters, Drop
from .forwarding import Endpoint, Forwarding, Route
from .offloads import Offload, Offloads
from .policy import ingress, stranger
from .sockets.packet_io import (
    BURST,
    BURST_BYTES,
    ICMP_ERRORS,
    Buffer,
    PacketIO,
    Receive,
    write_drop,
)
from .wire import ipv4, virtio_net
from .wire.coalescing import Run, Train, merged_header, runs
from .wire.layer4 import PROTOCOL_TCP, PROTOCOL_UDP
from .wire.partial import cut, is_one_packet, left_to_do
from .wire.virtio_net import PLAIN, NetHeader

_DATAGRAM_MAX = 65536
# A train of this many bytes holds a whole TCP super-packet, which came in two or more datagrams.
_TRAIN_BYTES = 65536
_CACHE_MAX = 64
_COALESCING = {PROTOCOL_TCP: Offload.COALESCE_TCP, PROTOCOL_UDP: Offload.COALESCE_UDP}


class Receiver:
    """Carries packets by `forwarding`."""

    __slots__ = (
        "_alone",
        "_counters",
        "_data",
        "_io",
        "_now",
        "_offloads",
        "_payloads",
        "_view",
        "forwarding",
    )

    def __init__(
        self, forwarding: Forwarding, io: PacketIO, counters: Counters, offloads: Offloads
    ) -> None:
        self.forwarding = forwarding
        self._io = io
        self._counters = counters
        self._offloads = offloads
        # A whole train, and behind it a datagram that turns out not to belong to it.
        self._data = bytearray(_TRAIN_BYTES + 2 * _DATAGRAM_MAX)
        self._view = memoryview(self._data)
        self._payloads: dict[tuple[int, int], list[memoryview]] = {}
        self._now = 0.0
        # Whether the last wake brought no more than one datagram.
        self._alone = False

    def drain(self, receive: Receive | None = None) -> None:
        """Hand what the socket holds to the device; `receive` is that of another socket."""
        forwarding, view = self.forwarding, self._view
        receive = receive or self._io.receive
        ip, senders = forwarding.ip, forwarding.senders
        self._now = time.time()
        # The train at hand: from whom, of what size, how many, and where it ends.
        current: Endpoint | None = None
        stride = packets = end = spent = receives = 0
        for _turn in range(BURST):
            if spent > BURST_BYTES:
                break
            try:
                length, size, sender = receive(view[end:])
            except BlockingIOError:
                break
            except OSError as error:
                # A pending error of the socket, which reading it has cleared. What ICMP says of
                # a datagram sent before is no loss of one that came.
                self._counters.drops[Drop.RECEIVE_ERROR] += error.errno not in ICMP_ERRORS
                continue
            receives += 1
            if sender not in senders:
                reason = stranger(sender, forwarding)
                self._counters.drops[reason] += -(-length // size) if size else 1
                continue
            spent += length
            if size and ip and is_one_packet(view[end:], ip, length):
                self._deliver(current, stride, packets, end)
                self._write_alone(end, length, sender, size)
                current, packets, end = None, 0, 0
                continue
            if size and size < length:
                count = -(-length // size)
            else:
                count, size = 1, length
            # A shorter datagram may end a train, but none may follow it.
            if (
                sender == current
                and not end % (stride or 1)
                and (size == stride or (count == 1 and 0 < length < stride))
            ):
                packets += count
                end += length
            else:
                self._deliver(current, stride, packets, end)
                if end:
                    view[:length] = view[end : end + length]
                current, stride, packets, end = sender, size, count, length
            if self._alone or end >= _TRAIN_BYTES:
                self._deliver(current, stride, packets, end)
                current, packets, end = None, 0, 0
                self._alone = False
        self._deliver(current, stride, packets, end)
        self._alone = receives <= 1

    def _deliver(self, sender: Endpoint | None, stride: int, packets: int, end: int) -> None:
        """Write the train that lies at the start of the buffer, if there is one."""
        if sender is None:
            return
        train = Train(self.forwarding.ip, stride, packets, end - (packets - 1) * stride)
        if packets == 1:
            self._write_alone(0, end, sender)
            return
        for run in runs(self._data, self._view, train):
            if run.packets > 1 and self._offloads.active(_coalescing(run)):
                self._write_run(train, run, sender)
            else:
                self._write_each(train, run, sender)

    def _write_each(self, train: Train, run: Run, sender: Endpoint) -> None:
        for index in range(run.first, run.first + run.packets):
            self._write_alone(index * train.stride, train.length(index), sender)

    def _write_alone(self, start: int, length: int, sender: Endpoint, size: int = 0) -> None:
        """Write one packet; `size` is that of its segments where the kernel said one."""
        forwarding, view = self.forwarding, self._view
        ip = forwarding.ip
        end = start + length
        if ip and (flaw := forwarding.encapsulation.flaw(view[start:end])) is not None:
            self._counters.drops[flaw] += 1
            return
        packet = view[start + ip : end]
        route = ingress(packet, length - ip, sender, forwarding)
        if isinstance(route, Drop):
            self._counters.drops[route] += 1
            return
        total = packet[ipv4.TOTAL_LENGTH] << 8 | packet[ipv4.TOTAL_LENGTH + 1]
        if total < length - ip:
            packet = packet[:total]
        header = PLAIN
        left = left_to_do(packet, total, forwarding.table.mtu, size)
        if left is not None:
            if left.gso_type and not self._offloads.active(_COALESCING[packet[ipv4.PROTOCOL]]):
                self._write_cut(left, packet, total, route)
                return
            header = virtio_net.push(left)
        try:
            self._io.write([header, packet])
        except OSError as error:
            self._counters.drops[write_drop(error)] += 1
            return
        self._count(1, total, route)

    def _write_cut(self, left: NetHeader, packet: memoryview, total: int, route: Route) -> None:
        """Write the segments of a super-packet that the device does not take whole."""
        for headers, payload in cut(left, packet, total):
            try:
                self._io.write([PLAIN, headers, payload])
            except OSError as error:
                self._counters.drops[write_drop(error)] += 1
                continue
            self._count(1, len(headers) + len(payload), route)

    def _write_run(self, train: Train, run: Run, sender: Endpoint) -> None:
        forwarding, view = self.forwarding, self._view
        ip, start = train.ip, run.first * train.stride
        end = start + train.stride
        # What is in front is the same for every packet of the run.
        if ip and (flaw := forwarding.encapsulation.flaw(view[start:end])) is not None:
            self._counters.drops[flaw] += run.packets
            return
        packet = view[start + ip : end]
        route = ingress(packet, len(packet), sender, forwarding)
        if isinstance(route, Drop):
            self._counters.drops[route] += run.packets
            return
        header = run.layout.payload
        payloads = self._payloads_of(train.stride, header)
        buffers: list[Buffer] = [
            merged_header(self._data, train, run),
            *payloads[run.first : run.first + run.packets],
        ]
        buffers[-1] = buffers[-1][: run.last]
        try:
            self._io.write(buffers)
        except OSError as error:
            if error.errno == errno.EINVAL:
                self._offloads.refuse(_coalescing(run), error)
                self._write_each(train, run, sender)
            else:
                self._counters.drops[write_drop(error)] += run.packets
            return
        length = run.packets * (header - ip) + (run.packets - 1) * run.size + run.last
        self._count(run.packets, length, route)

    def _payloads_of(self, stride: int, header: int) -> list[memoryview]:
        """Return the payloads of a train in the buffer, which never moves, so neither do they."""
        payloads = self._payloads.get((stride, header))
        if payloads is None:
            if len(self._payloads) >= _CACHE_MAX:
                self._payloads.clear()
            most = len(self._data) // stride
            payloads = [
                self._view[at + header : at + stride] for at in range(0, most * stride, stride)
            ]
            self._payloads[stride, header] = payloads
        return payloads

    def _count(self, packets: int, length: int, route: Route) -> None:
        counters, traffic = self._counters, route.traffic
        counters.packets_in += packets
        counters.bytes_in += length
        traffic.packets_in += packets
        traffic.bytes_in += length
        traffic.last_heard = self._now


def _coalescing(run: Run) -> Offload:
    return _COALESCING[run.layout.protocol]
