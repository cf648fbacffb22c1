# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sends to the peers, and what each of their errors asks for.

A train goes by one call where the kernel cuts it (UDP_SEGMENT), else datagram by datagram; a
datagram that the path does not take whole is cut inside the tunnel, or its sender is told.
"""

from __future__ import annotations

import errno
from collections.abc import Sequence
from typing import NamedTuple

from .counters import Counters, Drop
from .forwarding import Route
from .offloads import Offload, Offloads
from .reporter import Reporter
from .sockets.packet_io import GSO_REFUSALS, OUTER_HEADERS, PacketIO, send_drop
from .wire import ipv4, layer4
from .wire.fragmentation import fragments

_ENOBUFS_TRIES = 3
# A route that refuses may go between a train and its first datagram: once proves nothing.
_REFUSALS_BELIEVED = 2


class Train(NamedTuple):
    """`packets` datagrams of `stride` bytes to one peer, the last perhaps shorter.

    They are `buffers` one behind the other, `total` bytes; `per_packet` of them make a datagram,
    or 0 where one holds all.
    """

    route: Route
    buffers: Sequence[memoryview]
    per_packet: int
    packets: int
    stride: int
    total: int

    def apart(self) -> list[list[memoryview]]:
        """Return the buffers of each datagram."""
        count, stride, buffers = self.per_packet, self.stride, self.buffers
        if count:
            return [list(buffers[at : at + count]) for at in range(0, len(buffers), count)]
        return [[buffers[0][at : at + stride]] for at in range(0, self.total, stride)]


class Outbound:
    """Sends with `ip` bytes in front of each inner packet."""

    __slots__ = ("_counters", "_io", "_ip", "_offloads", "_refusals", "_reporter")

    def __init__(
        self, ip: int, io: PacketIO, counters: Counters, reporter: Reporter, offloads: Offloads
    ) -> None:
        self._ip = ip
        self._io = io
        self._counters = counters
        self._reporter = reporter
        self._offloads = offloads
        self._refusals = 0

    def send_train(self, train: Train) -> None:
        """Send `train` by one call, or else its datagrams one by one."""
        route, packets = train.route, train.packets
        refusal: OSError | None = None
        if packets > 1 and self._offloads.active(Offload.UDP_GSO):
            for _turn in range(_ENOBUFS_TRIES):
                try:
                    self._io.send(train.buffers, train.stride, route.endpoint)
                except OSError as error:
                    if error.errno == errno.ENOBUFS:
                        continue
                    if error.errno in GSO_REFUSALS:
                        refusal = error
                    elif error.errno != errno.EMSGSIZE:
                        self._counters.drops[send_drop(error)] += packets
                        return
                    break
                self._refusals = 0
                self._count(packets, train.total - packets * self._ip, route)
                return
        sent = [
            self.send_alone(datagram, sum(map(len, datagram)), route) for datagram in train.apart()
        ]
        # The first has the full size: where the path takes that, it is the train that it refuses.
        if refusal is not None and sent[0]:
            self._refusals += 1
            if self._refusals == _REFUSALS_BELIEVED:
                self._offloads.refuse(Offload.UDP_GSO, refusal)

    def send_alone(self, buffers: Sequence[memoryview], length: int, route: Route) -> bool:
        """Send one datagram of `length` bytes; return whether it went whole."""
        try:
            self._io.send(buffers, 0, route.endpoint)
        except OSError as error:
            if error.errno == errno.EMSGSIZE:
                self._send_narrow(buffers, route)
            else:
                self._counters.drops[send_drop(error)] += 1
            return False
        self._count(1, length - self._ip, route)
        return True

    def _send_narrow(self, buffers: Sequence[memoryview], route: Route) -> None:
        """Send a packet that the path to the peer does not take whole (RFC 1812, 4.2.2.7, 5.2.6).

        With DF its sender is told what the path takes; else it is cut, inside the tunnel, so that
        no outer datagram is ever a fragment.
        """
        ip = self._ip
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
