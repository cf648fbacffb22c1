# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The path of packets from the peers to the device, in the order of its steps.

1. Receive: `Ingress.drain` receives until the socket has no more or the burst is spent. The kernel
   returns a datagram, or a batch of datagrams of one size from one sender (UDP_GRO).
2. Sender: what comes from no peer's address and port is dropped (`policy.sender_drop`).
3. Batch: single datagrams of one size from one sender are laid one behind the other, so that they
   make a batch, too.
4. Coalesce: `wire.coalescing` splits a batch into runs. The packets of a run become one GSO packet.
5. Decide: `policy.vxlan_drop` and `policy.decide_ingress` return the route, or the reason to drop
   the packet; once for a run, whose packets have the same addresses.
6. Offload: a packet that the peer's kernel left unfinished gets the virtio-net header by which our
   kernel finishes it (`wire.partial`).
7. Write: a run by one call as a GSO packet, or each packet by a call of its own.
8. Count: in total, and for the peer.

No packet waits for another: what is received in a wake-up is written in it. If the last wake-up
received a single datagram, the first one of this wake-up is written before the next is received.

Buffers: `Ingress` owns one buffer for its life. Each receive fills it behind the batch at hand; a
write borrows slices of it until it returns.
"""

from __future__ import annotations

import errno
import time

from .compiled_table import CompiledTable, Route
from .offloads import Offload, Offloads
from .policy import Drop, decide_ingress, is_lost_receive, sender_drop, vxlan_drop, write_drop
from .sockets.packet_io import BURST, BURST_BYTES, Buffer, PacketIO, Receive
from .statistics import Counters
from .table import Endpoint
from .wire import ipv4, virtio_net
from .wire.coalescing import Batch, Run, merged_header, runs
from .wire.layer4 import PROTOCOL_TCP, PROTOCOL_UDP
from .wire.partial import finished_segments, finishing_header, is_single_packet
from .wire.virtio_net import PLAIN, NetHeader

_DATAGRAM_MAX = 65536
# A batch of this many bytes holds a whole TCP GSO packet, which came in two or more datagrams.
_BATCH_BYTES = 65536
_CACHE_MAX = 64
_COALESCING = {PROTOCOL_TCP: Offload.COALESCE_TCP, PROTOCOL_UDP: Offload.COALESCE_UDP}


class Ingress:
    """Forwards packets from the peers to the device by `compiled`."""

    __slots__ = (
        "_compiled",
        "_counters",
        "_data",
        "_io",
        "_now",
        "_offloads",
        "_payloads",
        "_single",
        "_view",
    )

    def __init__(
        self, compiled: CompiledTable, io: PacketIO, counters: Counters, offloads: Offloads
    ) -> None:
        self._compiled = compiled
        self._io = io
        self._counters = counters
        self._offloads = offloads
        # A whole batch, and behind it a datagram that turns out not to belong to it.
        self._data = bytearray(_BATCH_BYTES + 2 * _DATAGRAM_MAX)
        self._view = memoryview(self._data)
        self._payloads: dict[tuple[int, int], list[memoryview]] = {}
        self._now = 0.0
        # Whether the last wake-up received no more than one datagram.
        self._single = False

    def drain(self, receive: Receive | None = None) -> None:
        """Write the socket's packets to the device; `receive` reads from another socket."""
        compiled, view = self._compiled, self._view
        receive = receive or self._io.receive
        inner, senders = compiled.inner_offset, compiled.senders
        self._now = time.time()
        # The batch at hand: its sender, datagram size, count, and end.
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
                # A pending error of the socket, which this receive has cleared.
                self._counters.drops[Drop.RECEIVE_ERROR] += is_lost_receive(error)
                continue
            receives += 1
            if sender not in senders:
                reason = sender_drop(sender, compiled)
                self._counters.drops[reason] += -(-length // size) if size else 1
                continue
            spent += length
            if size and inner and is_single_packet(view[end:], inner, length):
                self._deliver(current, stride, packets, end)
                self._write_packet(end, length, sender, size)
                current, packets, end = None, 0, 0
                continue
            if size and size < length:
                count = -(-length // size)
            else:
                count, size = 1, length
            # Only the last datagram of a batch may be shorter.
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
            if self._single or end >= _BATCH_BYTES:
                self._deliver(current, stride, packets, end)
                current, packets, end = None, 0, 0
                self._single = False
        self._deliver(current, stride, packets, end)
        self._single = receives <= 1

    def _deliver(self, sender: Endpoint | None, stride: int, packets: int, end: int) -> None:
        """Write the batch at the start of the buffer, if there is one."""
        if sender is None:
            return
        batch = Batch(self._compiled.inner_offset, stride, packets, end - (packets - 1) * stride)
        if packets == 1:
            self._write_packet(0, end, sender)
            return
        for run in runs(self._data, self._view, batch):
            if run.packets > 1 and self._offloads.active(_coalescing(run)):
                self._write_run(batch, run, sender)
            else:
                self._write_each(batch, run, sender)

    def _write_run(self, batch: Batch, run: Run, sender: Endpoint) -> None:
        """Write the packets of a run as one GSO packet."""
        compiled, view = self._compiled, self._view
        inner, start = batch.inner, run.first * batch.stride
        end = start + batch.stride
        # The tunnel header is the same for every packet of the run.
        if inner:
            reason = vxlan_drop(view[start:end], compiled.vni, compiled.mac)
            if reason is not None:
                self._counters.drops[reason] += run.packets
                return
        packet = view[start + inner : end]
        route = decide_ingress(packet, len(packet), sender, compiled)
        if isinstance(route, Drop):
            self._counters.drops[route] += run.packets
            return
        header = run.layout.payload
        payloads = self._payloads_of(batch.stride, header)
        buffers: list[Buffer] = [
            merged_header(self._data, batch, run),
            *payloads[run.first : run.first + run.packets],
        ]
        buffers[-1] = buffers[-1][: run.last]
        try:
            self._io.write(buffers)
        except OSError as error:
            if error.errno == errno.EINVAL:
                self._offloads.refuse(_coalescing(run), error)
                self._write_each(batch, run, sender)
            else:
                self._counters.drops[write_drop(error)] += run.packets
            return
        length = run.packets * (header - inner) + (run.packets - 1) * run.size + run.last
        self._count(run.packets, length, route)

    def _payloads_of(self, stride: int, header: int) -> list[memoryview]:
        """Return the payloads of a batch; the slices are cached, since the buffer never moves."""
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

    def _write_each(self, batch: Batch, run: Run, sender: Endpoint) -> None:
        for index in range(run.first, run.first + run.packets):
            self._write_packet(index * batch.stride, batch.length(index), sender)

    def _write_packet(self, start: int, length: int, sender: Endpoint, size: int = 0) -> None:
        """Write the packet of one datagram; `size` is that of its segments, 0 if not known."""
        compiled, view = self._compiled, self._view
        inner = compiled.inner_offset
        end = start + length
        if inner:
            reason = vxlan_drop(view[start:end], compiled.vni, compiled.mac)
            if reason is not None:
                self._counters.drops[reason] += 1
                return
        packet = view[start + inner : end]
        route = decide_ingress(packet, length - inner, sender, compiled)
        if isinstance(route, Drop):
            self._counters.drops[route] += 1
            return
        total = packet[ipv4.TOTAL_LENGTH] << 8 | packet[ipv4.TOTAL_LENGTH + 1]
        if total < length - inner:
            packet = packet[:total]
        net_header = PLAIN
        finishing = finishing_header(packet, total, compiled.mtu, size)
        if finishing is not None:
            if finishing.gso_type and not self._offloads.active(_COALESCING[packet[ipv4.PROTOCOL]]):
                self._write_segments(finishing, packet, total, route)
                return
            net_header = virtio_net.push(finishing)
        try:
            self._io.write([net_header, packet])
        except OSError as error:
            self._counters.drops[write_drop(error)] += 1
            return
        self._count(1, total, route)

    def _write_segments(
        self, header: NetHeader, packet: memoryview, total: int, route: Route
    ) -> None:
        """Write the segments of a GSO packet that the device does not take whole."""
        for headers, payload in finished_segments(header, packet, total):
            try:
                self._io.write([PLAIN, headers, payload])
            except OSError as error:
                self._counters.drops[write_drop(error)] += 1
                continue
            self._count(1, len(headers) + len(payload), route)

    def _count(self, packets: int, length: int, route: Route) -> None:
        counters, traffic = self._counters, route.traffic
        counters.packets_in += packets
        counters.bytes_in += length
        traffic.packets_in += packets
        traffic.bytes_in += length
        traffic.last_heard = self._now


def _coalescing(run: Run) -> Offload:
    return _COALESCING[run.layout.protocol]
