# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the device to the peers: packets of one size to one peer leave as a train, by one send.

A packet is read right behind the one before, so that a train already lies in memory as the
kernel wants it for UDP_SEGMENT: datagrams of one size, the last perhaps shorter. A TCP
super-packet (`segmentation`) is a train of itself: the headers of its segments are stamped beside
it, and the send gathers header, payload, header, payload. Nothing waits: what is read in a wake
leaves in it.
"""

from __future__ import annotations

import errno
from collections.abc import Callable

from . import ipv4, layer4, virtio_net
from .counters import Counters, Drop
from .decision import egress
from .forwarding import Forwarding, Route
from .fragmentation import fragments
from .offloads import Offload, Offloads
from .packet_io import (
    BURST,
    BURST_BYTES,
    DATAGRAM_MAX,
    GSO_REFUSALS,
    OUTER_HEADERS,
    SEGMENTS_MAX,
    DeviceLostError,
    PacketIO,
    send_drop,
)
from .reporter import Reporter
from .segmentation import Layout, complete, stamp, super_layout
from .virtio_net import NetHeader

_PACKET_MAX = 65536
_HEADERS_MAX = 1 << 18  # bytes: of the headers of 65,535 bytes of payload in segments of 16
_CACHE_MAX = 64
_ENOBUFS_TRIES = 3


class Sender:
    """Carries packets by `forwarding`."""

    __slots__ = (
        "_counters",
        "_gathers",
        "_headers",
        "_io",
        "_net_header",
        "_net_header_view",
        "_offloads",
        "_reporter",
        "_view",
        "forwarding",
    )

    def __init__(
        self,
        forwarding: Forwarding,
        io: PacketIO,
        counters: Counters,
        reporter: Reporter,
        offloads: Offloads,
    ) -> None:
        self.forwarding = forwarding
        self._io = io
        self._counters = counters
        self._reporter = reporter
        self._offloads = offloads
        # A whole train, and behind it a packet that turns out not to belong to it.
        self._view = memoryview(bytearray(2 * _PACKET_MAX))
        self._net_header = bytearray(virtio_net.LENGTH)
        self._net_header_view = memoryview(self._net_header)
        self._headers = memoryview(bytearray(_HEADERS_MAX))
        self._gathers: dict[tuple[int, int], list[memoryview]] = {}

    def drain(self) -> None:
        """Send what the device holds to the peers; raise DeviceLostError if it is gone."""
        forwarding, view, net_header = self.forwarding, self._view, self._net_header
        read, header_view = self._io.read, self._net_header_view
        ip = forwarding.ip
        longest = SEGMENTS_MAX if self._offloads.active(Offload.UDP_GSO) else 1
        # The train at hand: to whom, of what size, how many, and where it ends.
        current: Route | None = None
        stride = packets = end = spent = 0
        for _turn in range(BURST):
            packet = view[end + ip :]
            try:
                length = read([header_view, packet]) - virtio_net.LENGTH
            except BlockingIOError:
                break
            except OSError as error:
                self._flush(current, stride, packets, end)
                raise DeviceLostError(error.strerror) from error
            route = egress(packet, length, forwarding)
            if isinstance(route, Drop):
                self._reporter.refuse(packet[:length], route)
                continue
            spent += length
            if net_header != virtio_net.PLAIN:
                header = virtio_net.pull(net_header)
                if header.gso_type:
                    self._flush(current, stride, packets, end)
                    view[ip : ip + length] = packet[:length]
                    current, packets, end = None, 0, 0
                    self._send_super(header, length, route)
                    if spent > BURST_BYTES:
                        break
                    continue
                self._settle_checksum(packet, length, header, route)
            elif route.partial and layer4.is_laundered(packet, length):
                self._counters.drops[Drop.WRONG_CHECKSUM] += 1
                continue
            size = ip + length
            view[end : end + ip] = route.prefix
            fits = route is current and packets < longest and end + size <= DATAGRAM_MAX
            if fits and size == stride:
                packets += 1
                end += size
            elif fits and size < stride:
                self._flush(current, stride, packets + 1, end + size)
                current, packets, end = None, 0, 0
            else:
                self._flush(current, stride, packets, end)
                if end:
                    view[:size] = view[end : end + size]
                current, stride, packets, end = route, size, 1, size
        self._flush(current, stride, packets, end)

    def _settle_checksum(
        self, packet: memoryview, length: int, header: NetHeader, route: Route
    ) -> None:
        """Finish the checksum that the kernel left partial, unless the peer does it."""
        start, offset = header.csum_start, header.csum_offset
        if start + offset + 2 > length:
            return
        if route.partial and layer4.checksum_position(packet, length) == start + offset:
            return
        layer4.finish_checksum(packet, start, offset, length)

    def _flush(self, route: Route | None, stride: int, packets: int, end: int) -> None:
        """Send the train that lies at the start of the buffer, if there is one."""
        if route is None:
            return
        if packets == 1:
            self._send_alone([self._view[:end]], end, route)
            return
        view = self._view

        def apart() -> list[list[memoryview]]:
            return [[view[at : min(at + stride, end)]] for at in range(0, end, stride)]

        self._send_train([view[:end]], apart, packets, stride, end, route)

    def _send_super(self, header: NetHeader, length: int, route: Route) -> None:
        """Cut the super-packet that lies in the buffer, behind room for the prefix, and send it."""
        ip = self.forwarding.ip
        layout = super_layout(header, self._view[ip:], length)
        if layout is None:
            self._counters.drops[Drop.MALFORMED] += 1
            return
        layout = Layout(ip, layout.transport + ip, layout.payload + ip, layout.protocol)
        self._view[:ip] = route.prefix
        size, start = header.gso_size, layout.payload
        payload = ip + length - start
        segments = -(-payload // size)
        last = payload - (segments - 1) * size
        if segments * start > _HEADERS_MAX:
            self._counters.drops[Drop.MALFORMED] += 1
            return
        block = stamp(bytes(self._view[:start]), layout, segments, size, last)
        if not route.partial:
            complete(block, layout, self._view[start : start + payload], size)
        self._headers[: len(block)] = block
        gather = self._gather(start, size)[: 2 * segments]
        gather[-1] = gather[-1][:last]
        stride = start + size
        most = min(SEGMENTS_MAX, DATAGRAM_MAX // stride)
        for first in range(0, segments, most):
            buffers = gather[2 * first : 2 * (first + most)]
            count = len(buffers) // 2
            total = (count - 1) * stride + start + len(buffers[-1])

            def apart(buffers: list[memoryview] = buffers) -> list[list[memoryview]]:
                return [buffers[at : at + 2] for at in range(0, len(buffers), 2)]

            self._send_train(buffers, apart, count, stride, total, route)

    def _gather(self, start: int, size: int) -> list[memoryview]:
        """Return header, payload, header, payload... of a super-packet cut every `size` bytes.

        The buffers never move, so neither do their slices.
        """
        gather = self._gathers.get((start, size))
        if gather is None:
            if len(self._gathers) >= _CACHE_MAX:
                self._gathers.clear()
            most = min(-(-_PACKET_MAX // size), _HEADERS_MAX // start)
            gather = []
            for index in range(most):
                gather.append(self._headers[index * start : (index + 1) * start])
                gather.append(self._view[start + index * size : start + (index + 1) * size])
            self._gathers[start, size] = gather
        return gather

    def _send_train(
        self,
        buffers: list[memoryview],
        apart: Callable[[], list[list[memoryview]]],
        packets: int,
        stride: int,
        total: int,
        route: Route,
    ) -> None:
        """Send `buffers`, of `total` bytes, by one call, or else the datagrams `apart`."""
        if packets > 1 and self._offloads.active(Offload.UDP_GSO):
            for _turn in range(_ENOBUFS_TRIES):
                try:
                    self._io.send(buffers, stride, route.endpoint)
                except OSError as error:
                    if error.errno == errno.ENOBUFS:
                        continue
                    if error.errno in GSO_REFUSALS:
                        self._offloads.refuse(Offload.UDP_GSO, error)
                    elif error.errno != errno.EMSGSIZE:
                        self._counters.drops[send_drop(error)] += packets
                        return
                    break
                self._count(packets, total - packets * self.forwarding.ip, route)
                return
        for datagram in apart():
            self._send_alone(datagram, sum(map(len, datagram)), route)

    def _send_alone(self, buffers: list[memoryview], length: int, route: Route) -> None:
        try:
            self._io.send(buffers, 0, route.endpoint)
        except OSError as error:
            if error.errno == errno.EMSGSIZE:
                self._send_narrow(buffers, route)
            else:
                self._counters.drops[send_drop(error)] += 1
            return
        self._count(1, length - self.forwarding.ip, route)

    def _send_narrow(self, buffers: list[memoryview], route: Route) -> None:
        """Send a packet that the path to the peer does not take whole (RFC 1812, 4.2.2.7, 5.2.6).

        With DF its sender is told what the path takes; else it is cut, inside the tunnel, so that
        no outer datagram is ever a fragment.
        """
        ip = self.forwarding.ip
        packet = bytearray(b"".join(buffers)[ip:])
        try:
            mtu = self._io.path_mtu(route.endpoint) - OUTER_HEADERS - ip
        except OSError as error:
            self._counters.drops[send_drop(error)] += 1
            return
        header = ipv4.header_length(packet)
        if mtu < max(ipv4.MTU_MIN, header + 8) or mtu >= len(packet):
            self._counters.drops[Drop.TOO_BIG] += 1
            return
        if packet[ipv4.FRAGMENT] << 8 & ipv4.DONT_FRAGMENT:
            self._reporter.refuse(packet, Drop.TOO_BIG, mtu)
            return
        if route.partial and layer4.is_partial(packet, len(packet)):
            # The peer's kernel cannot finish a checksum over fragments.
            offset = layer4.CHECKSUM_OFFSETS[packet[ipv4.PROTOCOL]]
            layer4.finish_checksum(packet, header, offset, len(packet))
        try:
            for fragment in fragments(bytes(packet), mtu):
                self._io.send([route.prefix, fragment], 0, route.endpoint)
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
