# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The path of packets from the device to the peers, in the order of its steps.

1. Read: `Egress.drain` reads packets, each behind a virtio-net header, until the device has no
   more or the burst is spent.
2. Decide: `policy.decide_egress` returns the route, or the reason to drop the packet. Where a
   router would send an ICMP error, `DropReporter` writes one to the device.
3. Checksum: one that our kernel left partial is finished, unless the peer's kernel finishes it.
4. Batch: packets of one size to one peer make a GSO batch. Each is read directly behind the one
   before, so the batch already lies in memory as UDP_SEGMENT needs it.
5. Segment: `Segmenter` cuts a GSO packet (TSO, USO) into segments, which make a GSO batch as well.
6. Send: `Sender` sends a batch by one call if the kernel segments it, else datagram by datagram.
7. Path MTU: a datagram that the path refuses as too big is fragmented inside the tunnel, or its
   sender gets an ICMP error.
8. Count: in total, and for the peer.

No packet waits for another: a batch leaves in the wake-up in which it was read. If the last
wake-up read a single packet, the first one of this wake-up leaves before the next is read.

Buffers: `Egress` owns two `PacketBuffer`s for its life. `Segmenter.send` borrows one of them until
its next `send` or `flush`; `Sender` borrows what it sends until it returns.
"""

from __future__ import annotations

import errno
import time
from collections.abc import Sequence
from typing import NamedTuple

from .compiled_table import CompiledTable, Route
from .offloads import Offload, Offloads
from .policy import UNREACHABLE_CODES, Drop, decide_egress, send_drop, write_drop
from .sockets.packet_io import (
    BURST,
    BURST_BYTES,
    DATAGRAM_MAX,
    OUTER_HEADERS,
    SEGMENTS_MAX,
    DeviceLostError,
    PacketIO,
)
from .statistics import Counters
from .token_bucket import TokenBucket
from .wire import icmp, ipv4, layer4, virtio_net
from .wire.fragmentation import fragments
from .wire.segmentation import Layout, complete, gso_layout, stamp
from .wire.virtio_net import PLAIN, NetHeader

PACKET_MAX = 65536
_HEADERS_MAX = 1 << 18  # bytes: of the headers of 65,535 bytes of payload in segments of 16
_CACHE_MAX = 64
_ENOBUFS_TRIES = 3
# Errors by which the kernel or a driver refuses to segment: EIO without checksums in the device
# (before 10154dbded6d, Linux 6.11) or with IPsec on the route, EINVAL for an unknown option or
# capability. But a blackhole route answers EINVAL, too, and so do segments larger than the path
# MTU (before 235174b2bed8, Linux 6.14). A datagram sent alone afterwards distinguishes them.
_GSO_REFUSALS = frozenset({errno.EIO, errno.EINVAL, errno.EOPNOTSUPP})
# A blackhole route may be deleted between the send of a batch and that of its first datagram:
# one refusal proves nothing.
_REFUSALS_TO_DISABLE = 2


class PacketBuffer:
    """Space for a batch of packets or one GSO packet, and for the headers of its segments.

    `packet` starts with space for a tunnel header. It holds a whole batch, and behind it a packet
    that does not belong to the batch.
    """

    __slots__ = ("_gathers", "headers", "packet")

    def __init__(self) -> None:
        self.packet = memoryview(bytearray(2 * PACKET_MAX))
        self.headers = memoryview(bytearray(_HEADERS_MAX))
        self._gathers: dict[tuple[int, int], list[memoryview]] = {}

    def gather(self, start: int, size: int) -> list[memoryview]:
        """Return header, payload, header, payload... of a GSO packet with segments of `size` bytes.

        The payload begins at `start`. The slices are cached: the buffers never move.
        """
        gather = self._gathers.get((start, size))
        if gather is None:
            if len(self._gathers) >= _CACHE_MAX:
                self._gathers.clear()
            most = min(-(-PACKET_MAX // size), _HEADERS_MAX // start)
            gather = []
            for index in range(most):
                gather.append(self.headers[index * start : (index + 1) * start])
                gather.append(self.packet[start + index * size : start + (index + 1) * size])
            self._gathers[start, size] = gather
        return gather


class GsoBatch(NamedTuple):
    """`packets` datagrams of `stride` bytes to one peer, the last perhaps shorter.

    Their bytes are `buffers` one behind the other, `total` in all; each datagram is
    `per_packet` of the buffers, or a slice of the only one if that is 0.
    """

    route: Route
    buffers: Sequence[memoryview]
    per_packet: int
    packets: int
    stride: int
    total: int

    def datagrams(self) -> list[list[memoryview]]:
        """Return the buffers of each datagram."""
        count, stride, buffers = self.per_packet, self.stride, self.buffers
        if count:
            return [list(buffers[at : at + count]) for at in range(0, len(buffers), count)]
        return [[buffers[0][at : at + stride]] for at in range(0, self.total, stride)]


class Egress:
    """Forwards packets from the device to the peers by `compiled`.

    `unreachables` limits the ICMP errors.
    """

    __slots__ = (
        "_batch_end",
        "_batch_packets",
        "_batch_route",
        "_batch_stride",
        "_buffers",
        "_compiled",
        "_counters",
        "_inner",
        "_io",
        "_longest",
        "_net_header",
        "_net_header_view",
        "_offloads",
        "_reporter",
        "_segmenter",
        "_segments_pending",
        "_sender",
        "_single",
        "_view",
    )

    def __init__(
        self,
        compiled: CompiledTable,
        io: PacketIO,
        counters: Counters,
        unreachables: TokenBucket,
        offloads: Offloads,
    ) -> None:
        inner = compiled.inner_offset
        self._compiled = compiled
        self._inner = inner
        self._io = io
        self._counters = counters
        self._offloads = offloads
        self._reporter = DropReporter(io, counters, unreachables)
        self._sender = Sender(inner, io, counters, self._reporter, offloads)
        self._segmenter = Segmenter(inner, self._sender, counters)
        # The one to read into, and one that may hold pending segments of a GSO packet.
        self._buffers = [PacketBuffer(), PacketBuffer()]
        self._view = self._buffers[0].packet
        self._segments_pending = False
        self._net_header = bytearray(virtio_net.LENGTH)
        self._net_header_view = memoryview(self._net_header)
        # The batch at the start of `_view`: its route, datagram size, count, and end.
        self._batch_route: Route | None = None
        self._batch_stride = self._batch_packets = self._batch_end = 0
        self._longest = 1
        # Whether the last wake-up read no more than one packet.
        self._single = False

    def drain(self) -> None:
        """Send the packets of the device to the peers. Raises DeviceLostError if it was deleted."""
        self._longest = SEGMENTS_MAX if self._offloads.active(Offload.UDP_GSO) else 1
        packets = spent = 0
        try:
            while packets < BURST and spent <= BURST_BYTES:
                spent += self._forward()
                packets += 1
                if self._single:
                    self._flush()
                    self._single = False
        except BlockingIOError:
            pass
        except OSError as error:
            raise DeviceLostError(error.strerror) from error
        finally:
            self._segmenter.flush()
            self._segments_pending = False
            self._flush()
        self._single = packets <= 1

    def _forward(self) -> int:
        """Read a packet, decide on it, and append it to its batch; return its length.

        Raises OSError if the read fails.
        """
        packet = self._view[self._batch_end + self._inner :]
        length = self._io.read([self._net_header_view, packet]) - virtio_net.LENGTH
        route = decide_egress(packet, length, self._compiled)
        if isinstance(route, Drop):
            self._reporter.report(packet[:length], route)
            return length
        if self._net_header != PLAIN:
            header = virtio_net.pull(self._net_header)
            if header.gso_type:
                self._segment(packet, length, header, route)
                return length
            self._finish_checksum(packet, length, header, route)
        elif route.peer.partial_checksum and layer4.is_hidden_error(packet, length):
            self._counters.drops[Drop.WRONG_CHECKSUM] += 1
            return length
        if self._segments_pending:
            self._segmenter.flush()
            self._segments_pending = False
        self._append(length, route)
        return length

    def _finish_checksum(
        self, packet: memoryview, length: int, header: NetHeader, route: Route
    ) -> None:
        """Finish a checksum that our kernel left partial, unless the peer's kernel finishes it."""
        if not header.flags & virtio_net.FLAG_NEEDS_CSUM:
            return  # complete, and verified by a network card (VIRTIO_NET_HDR_F_DATA_VALID)
        start, offset = header.csum_start, header.csum_offset
        if start + offset + 2 > length:
            return
        if route.partial_checksum and layer4.checksum_position(packet, length) == start + offset:
            return
        layer4.finish_checksum(packet, start, offset, length)

    def _append(self, length: int, route: Route) -> None:
        """Append the packet just read to the batch, or send the batch and begin one with it."""
        view, end, inner = self._view, self._batch_end, self._inner
        size = inner + length
        if inner:
            view[end : end + inner] = route.tunnel_header
        if (
            route is self._batch_route
            and size <= self._batch_stride
            and self._batch_packets < self._longest
            and end + size <= DATAGRAM_MAX
        ):
            self._batch_packets += 1
            self._batch_end = end + size
            if size < self._batch_stride:
                self._flush()  # only the last datagram may be shorter
            return
        self._flush()
        if end:
            view[:size] = view[end : end + size]
        self._batch_route, self._batch_stride = route, size
        self._batch_packets, self._batch_end = 1, size

    def _flush(self) -> int:
        """Send the batch, if there is one; return where it ended."""
        route, end = self._batch_route, self._batch_end
        if route is None:
            return 0
        self._batch_route = None
        self._batch_end = 0
        if self._batch_packets == 1:
            self._sender.send_datagram([self._view[:end]], end, route)
        else:
            self._sender.send_batch(
                GsoBatch(route, [self._view[:end]], 0, self._batch_packets, self._batch_stride, end)
            )
        return end

    def _segment(self, packet: memoryview, length: int, header: NetHeader, route: Route) -> None:
        """Send the segments of a GSO packet; while some are pending, its buffer stays borrowed."""
        buffer, inner = self._buffers[0], self._inner
        if self._flush():
            buffer.packet[inner : inner + length] = packet[:length]
        self._segments_pending = self._segmenter.send(header, buffer, length, route)
        if self._segments_pending:
            self._buffers.reverse()
            self._view = self._buffers[0].packet


class Segmenter:
    """Cuts GSO packets into segments and sends them in batches, `inner` bytes in front of each.

    The headers of the segments are written beside the packet (`wire.segmentation`), and a send
    gathers header, payload, header, payload. A datagram holds fewer segments than a full GSO
    packet has: the rest is pending and begins the next batch, if the flow continues in the same
    wake-up. Hence two buffers, one for pending segments and one for the next packet.
    """

    __slots__ = ("_counters", "_inner", "_pending", "_sender")

    def __init__(self, inner: int, sender: Sender, counters: Counters) -> None:
        self._inner = inner
        self._sender = sender
        self._counters = counters
        self._pending: GsoBatch | None = None

    def send(self, header: NetHeader, buffer: PacketBuffer, length: int, route: Route) -> bool:
        """Send the GSO packet of `length` bytes in `buffer`, behind pending segments.

        Return whether segments of it are pending. `buffer` is then borrowed until the next `send`
        or `flush`.
        """
        inner, view = self._inner, buffer.packet
        layout = gso_layout(header, view[inner:], length)
        if layout is None:
            self._drop()
            return False
        layout = Layout(inner, layout.transport + inner, layout.payload + inner, layout.protocol)
        view[:inner] = route.tunnel_header
        size, start = header.gso_size, layout.payload
        payload = inner + length - start
        segments = -(-payload // size)
        last = payload - (segments - 1) * size
        if segments * start > _HEADERS_MAX:
            self._drop()
            return False
        block = stamp(bytes(view[:start]), layout, segments, size, last)
        if not route.partial_checksum:
            complete(block, layout, view[start : start + payload], size)
        buffer.headers[: len(block)] = block
        buffers = buffer.gather(start, size)[: 2 * segments]
        buffers[-1] = buffers[-1][:last]
        stride = start + size
        self._send(GsoBatch(route, buffers, 2, segments, stride, segments * stride - size + last))
        return self._pending is not None

    def flush(self) -> None:
        """Send the pending segments."""
        pending, self._pending = self._pending, None
        if pending is not None:
            self._sender.send_batch(pending)

    def _drop(self) -> None:
        self.flush()
        self._counters.drops[Drop.MALFORMED] += 1

    def _send(self, batch: GsoBatch) -> None:
        """Send `batch` in as many full ones as it makes; keep the rest pending.

        Pending segments are in the buffer just read; the other buffer is for the next packet.
        """
        pending, stride = self._pending, batch.stride
        self._pending = None
        in_one_buffer = True
        if pending is not None and pending.route is batch.route and pending.stride == stride:
            batch = batch._replace(
                buffers=[*pending.buffers, *batch.buffers],
                packets=pending.packets + batch.packets,
                total=pending.total + batch.total,
            )
            in_one_buffer = False
        elif pending is not None:
            self._sender.send_batch(pending)
        # A segment larger than any datagram is sent alone, and fails as too big.
        most = min(SEGMENTS_MAX, max(1, DATAGRAM_MAX // stride))
        while batch.packets > most:
            full = batch._replace(
                buffers=batch.buffers[: 2 * most], packets=most, total=most * stride
            )
            self._sender.send_batch(full)
            batch = batch._replace(
                buffers=batch.buffers[2 * most :],
                packets=batch.packets - most,
                total=batch.total - most * stride,
            )
            in_one_buffer = True
        if in_one_buffer and batch.packets < most and batch.total == batch.packets * stride:
            self._pending = batch
        else:
            self._sender.send_batch(batch)


class Sender:
    """Sends to the peers, with `inner` bytes in front of each inner packet, and counts."""

    __slots__ = ("_counters", "_inner", "_io", "_offloads", "_refusals", "_reporter")

    def __init__(
        self,
        inner: int,
        io: PacketIO,
        counters: Counters,
        reporter: DropReporter,
        offloads: Offloads,
    ) -> None:
        self._inner = inner
        self._io = io
        self._counters = counters
        self._reporter = reporter
        self._offloads = offloads
        self._refusals = 0

    def send_batch(self, batch: GsoBatch) -> None:
        """Send `batch` by one call if the kernel segments it, else its datagrams one by one."""
        route, packets = batch.route, batch.packets
        refusal: OSError | None = None
        if packets > 1 and self._offloads.active(Offload.UDP_GSO):
            for _turn in range(_ENOBUFS_TRIES):
                try:
                    self._io.send(batch.buffers, batch.stride, route.endpoint)
                except OSError as error:
                    if error.errno == errno.ENOBUFS:
                        continue
                    if error.errno in _GSO_REFUSALS:
                        refusal = error
                    elif error.errno != errno.EMSGSIZE:
                        self._counters.drops[send_drop(error)] += packets
                        return
                    break
                self._refusals = 0
                self._count(packets, batch.total - packets * self._inner, route)
                return
        sent = [
            self.send_datagram(datagram, sum(map(len, datagram)), route)
            for datagram in batch.datagrams()
        ]
        # The first has the full size: if the path takes it alone, the kernel refused to segment.
        if refusal is not None and sent[0]:
            self._refusals += 1
            if self._refusals == _REFUSALS_TO_DISABLE:
                self._offloads.refuse(Offload.UDP_GSO, refusal)

    def send_datagram(self, buffers: Sequence[memoryview], length: int, route: Route) -> bool:
        """Send one datagram of `length` bytes; return whether it was sent unfragmented."""
        try:
            self._io.send(buffers, 0, route.endpoint)
        except OSError as error:
            if error.errno == errno.EMSGSIZE:
                self._send_too_big(buffers, route)
            else:
                self._counters.drops[send_drop(error)] += 1
            return False
        self._count(1, length - self._inner, route)
        return True

    def _send_too_big(self, buffers: Sequence[memoryview], route: Route) -> None:
        """Fragment a packet that is larger than the path MTU, or report it if it has DF.

        RFC 1812, 4.2.2.7 and 5.2.6. The inner packet is fragmented, never the outer datagram.
        """
        inner = self._inner
        packet = bytearray(b"".join(buffers)[inner:])
        try:
            mtu = self._io.path_mtu(route.endpoint) - OUTER_HEADERS - inner
        except OSError as error:
            self._counters.drops[send_drop(error)] += 1
            return
        header = ipv4.header_length(packet)
        if mtu < max(ipv4.MTU_MIN, header + 8) or mtu >= len(packet):
            self._counters.drops[Drop.TOO_BIG] += 1
            return
        if packet[ipv4.FRAGMENT] << 8 & ipv4.DONT_FRAGMENT:
            self._reporter.report(packet, Drop.TOO_BIG, mtu)
            return
        if route.partial_checksum and layer4.is_partial(packet, len(packet)):
            # The peer's kernel cannot finish a checksum over several fragments.
            offset = layer4.CHECKSUM_OFFSETS[packet[ipv4.PROTOCOL]]
            layer4.finish_checksum(packet, header, offset, len(packet))
        try:
            for fragment in fragments(bytes(packet), mtu):
                self._io.send([route.tunnel_header, fragment], 0, route.endpoint)
        except OSError as error:
            self._counters.drops[send_drop(error)] += 1
            return
        self._count(1, len(packet), route)

    def _count(self, packets: int, length: int, route: Route) -> None:
        counters, traffic = self._counters, route.traffic
        counters.packets_out += packets
        counters.bytes_out += length
        traffic.packets_out += packets
        traffic.bytes_out += length


class DropReporter:
    """Counts drops, and sends the ICMP errors that a router would send, at a limited rate."""

    __slots__ = ("_counters", "_io", "_limit")

    def __init__(self, io: PacketIO, counters: Counters, limit: TokenBucket) -> None:
        self._io = io
        self._counters = counters
        self._limit = limit

    def report(self, packet: ipv4.Packet, reason: Drop, mtu: int = 0) -> None:
        """Count the drop of `packet` and send the ICMP error that is due for `reason`, if any.

        `mtu` is the path MTU in bytes, for a packet that was too big.
        """
        counters = self._counters
        counters.drops[reason] += 1
        code = UNREACHABLE_CODES.get(reason)
        if code is None or not icmp.may_report(packet):
            return
        if not self._limit.take(time.monotonic()):
            counters.unreachables_suppressed += 1
            return
        try:
            self._io.write([PLAIN, icmp.destination_unreachable(packet, code, mtu)])
        except OSError as error:
            counters.drops[write_drop(error)] += 1
            return
        counters.unreachables_sent += 1
