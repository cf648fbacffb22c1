# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Super-packets to the peers: each is cut into segments, and the segments leave as trains.

The headers of the segments are stamped beside the packet (`segmentation`), and a send gathers
header, payload, header, payload. A datagram holds fewer segments than a full super-packet, so what
is left begins the next train, if the flow goes on in the same wake: hence two rooms, one for what
is left and one for the packet that comes next.
"""

from __future__ import annotations

from .counters import Counters, Drop
from .forwarding import Route
from .gso_send import Outbound, Train
from .sockets.packet_io import DATAGRAM_MAX, SEGMENTS_MAX
from .wire.segmentation import Layout, complete, stamp, super_layout
from .wire.virtio_net import NetHeader

PACKET_MAX = 65536
_HEADERS_MAX = 1 << 18  # bytes: of the headers of 65,535 bytes of payload in segments of 16
_CACHE_MAX = 64


class Room:
    """A super-packet as it was read, behind space for what goes in front, and its headers."""

    __slots__ = ("_gathers", "headers", "packet")

    def __init__(self, packet: memoryview) -> None:
        self.packet = packet
        self.headers = memoryview(bytearray(_HEADERS_MAX))
        self._gathers: dict[tuple[int, int], list[memoryview]] = {}

    def gather(self, start: int, size: int) -> list[memoryview]:
        """Return header, payload, header, payload... of a super-packet cut every `size` bytes.

        The buffers never move, so neither do their slices.
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


class Supers:
    """Cuts super-packets and sends them, `ip` bytes in front of each segment."""

    __slots__ = ("_counters", "_ip", "_left", "_outbound")

    def __init__(self, ip: int, outbound: Outbound, counters: Counters) -> None:
        self._ip = ip
        self._outbound = outbound
        self._counters = counters
        self._left: Train | None = None

    def send(self, header: NetHeader, room: Room, length: int, route: Route) -> bool:
        """Send the packet of `length` bytes in `room`, behind what is left of the one before.

        Return whether something is left of it, which `room` holds until the next `send` or
        `flush`.
        """
        ip, view = self._ip, room.packet
        layout = super_layout(header, view[ip:], length)
        if layout is None:
            self._refuse()
            return False
        layout = Layout(ip, layout.transport + ip, layout.payload + ip, layout.protocol)
        view[:ip] = route.prefix
        size, start = header.gso_size, layout.payload
        payload = ip + length - start
        segments = -(-payload // size)
        last = payload - (segments - 1) * size
        if segments * start > _HEADERS_MAX:
            self._refuse()
            return False
        block = stamp(bytes(view[:start]), layout, segments, size, last)
        if not route.partial:
            complete(block, layout, view[start : start + payload], size)
        room.headers[: len(block)] = block
        buffers = room.gather(start, size)[: 2 * segments]
        buffers[-1] = buffers[-1][:last]
        stride = start + size
        self._depart(Train(route, buffers, 2, segments, stride, segments * stride - size + last))
        return self._left is not None

    def flush(self) -> None:
        """Send what is left."""
        left, self._left = self._left, None
        if left is not None:
            self._outbound.send_train(left)

    def _refuse(self) -> None:
        self.flush()
        self._counters.drops[Drop.MALFORMED] += 1

    def _depart(self, train: Train) -> None:
        """Send `train` in as many full ones as it gives; keep what could be gone on with.

        What is kept lies in one room, the one at hand: the other is for the packet that comes next.
        """
        left, stride = self._left, train.stride
        self._left = None
        in_one_room = True
        if left is not None and left.route is train.route and left.stride == stride:
            train = train._replace(
                buffers=[*left.buffers, *train.buffers],
                packets=left.packets + train.packets,
                total=left.total + train.total,
            )
            in_one_room = False
        elif left is not None:
            self._outbound.send_train(left)
        # A segment that no datagram holds goes alone too, to be refused as too big.
        most = min(SEGMENTS_MAX, max(1, DATAGRAM_MAX // stride))
        while train.packets > most:
            full = train._replace(
                buffers=train.buffers[: 2 * most], packets=most, total=most * stride
            )
            self._outbound.send_train(full)
            train = train._replace(
                buffers=train.buffers[2 * most :],
                packets=train.packets - most,
                total=train.total - most * stride,
            )
            in_one_room = True
        if in_one_room and train.packets < most and train.total == train.packets * stride:
            self._left = train
        else:
            self._outbound.send_train(train)
