# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Moves packets between the device and the socket, one bounded burst a wake.

Nothing waits to fill a burst: what is there is carried, and the budget only keeps one direction
from starving the other and the control socket.
"""

from __future__ import annotations

import errno
import os
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from . import icmp
from .counters import Counters, Drop
from .decision import egress, ingress
from .forwarding import Endpoint, Forwarding
from .token_bucket import TokenBucket

# Packets a wake and direction.
BURST = 64
# Bytes: no datagram and no packet is longer.
BUFFER_SIZE = 65536

_SEND_DROPS = {
    errno.EAGAIN: Drop.SEND_QUEUE_FULL,
    errno.ENOBUFS: Drop.SEND_QUEUE_FULL,
    errno.EMSGSIZE: Drop.TOO_BIG,
    errno.ENETUNREACH: Drop.UNDERLAY_UNREACHABLE,
    errno.EHOSTUNREACH: Drop.UNDERLAY_UNREACHABLE,
    errno.ENETDOWN: Drop.UNDERLAY_UNREACHABLE,
    errno.EPERM: Drop.SEND_REFUSED,
    errno.EACCES: Drop.SEND_REFUSED,
    errno.ECONNREFUSED: Drop.SEND_REFUSED,
}
_WRITE_DROPS = {
    errno.EIO: Drop.DEVICE_DOWN,  # tun_get_user, while the interface is not IFF_UP
    errno.EAGAIN: Drop.DEVICE_QUEUE_FULL,
    errno.ENOBUFS: Drop.DEVICE_QUEUE_FULL,
}
_UNREACHABLE = {
    Drop.NO_ROUTE: icmp.Unreachable.NET,
    Drop.OWN_SUBNET: icmp.Unreachable.HOST,
}


class DeviceLostError(Exception):
    """The device was deleted under us; it must be opened anew."""


@dataclass(frozen=True, slots=True)
class PacketIO:
    """The four calls that touch a descriptor; none blocks, each raises OSError."""

    read: Callable[[list[memoryview]], int]
    write: Callable[[bytes | memoryview], int]
    receive: Callable[[memoryview], tuple[int, Endpoint]]
    send: Callable[[memoryview, Endpoint], int]

    @classmethod
    def of(cls, device: int, transport: socket.socket) -> PacketIO:
        """Return the calls on a TUN device's descriptor and a UDP socket."""
        return cls(
            read=partial(os.readv, device),
            write=partial(os.write, device),
            receive=transport.recvfrom_into,
            send=transport.sendto,
        )


class Forwarder:
    """Carries packets by `forwarding`, which may be exchanged between two bursts."""

    __slots__ = ("_buffer", "_counters", "_unreachables", "forwarding", "io")

    def __init__(
        self, forwarding: Forwarding, io: PacketIO, counters: Counters, unreachables: TokenBucket
    ) -> None:
        self.forwarding = forwarding
        self.io = io
        self._counters = counters
        self._unreachables = unreachables
        self._buffer = memoryview(bytearray(BUFFER_SIZE))

    def drain_device(self) -> None:
        """Send what the device holds to the peers; raise DeviceLostError if it is gone."""
        packet, forwarding, counters = self._buffer, self.forwarding, self._counters
        read, send = self.io.read, self.io.send
        buffers = [packet]
        packets = total = 0
        for _turn in range(BURST):
            try:
                length = read(buffers)
            except BlockingIOError:
                break
            except OSError as error:
                raise DeviceLostError(error.strerror) from error
            route = egress(packet, length, forwarding)
            if isinstance(route, Drop):
                self._refuse(packet[:length], route)
                continue
            try:
                send(packet[:length], route.endpoint)
            except OSError as error:
                counters.drops[_SEND_DROPS.get(error.errno or 0, Drop.SEND_ERROR)] += 1
                continue
            traffic = route.traffic
            traffic.packets_out += 1
            traffic.bytes_out += length
            packets += 1
            total += length
        counters.packets_out += packets
        counters.bytes_out += total

    def drain_transport(self) -> None:
        """Hand what the socket holds to the device."""
        packet, forwarding, counters = self._buffer, self.forwarding, self._counters
        receive, write = self.io.receive, self.io.write
        now = time.time()
        packets = total = 0
        for _turn in range(BURST):
            try:
                length, sender = receive(packet)
            except BlockingIOError:
                break
            except OSError:
                # A pending error of the socket, which reading it has cleared.
                counters.drops[Drop.RECEIVE_ERROR] += 1
                continue
            route = ingress(packet, length, sender, forwarding)
            if isinstance(route, Drop):
                counters.drops[route] += 1
                continue
            length = packet[2] << 8 | packet[3]
            try:
                write(packet[:length])
            except OSError as error:
                counters.drops[_WRITE_DROPS.get(error.errno or 0, Drop.TUN_WRITE_ERROR)] += 1
                continue
            traffic = route.traffic
            traffic.packets_in += 1
            traffic.bytes_in += length
            traffic.last_heard = now
            packets += 1
            total += length
        counters.packets_in += packets
        counters.bytes_in += total

    def _refuse(self, packet: memoryview, reason: Drop) -> None:
        counters = self._counters
        counters.drops[reason] += 1
        code = _UNREACHABLE.get(reason)
        if code is None or not icmp.may_report(packet):
            return
        if not self._unreachables.take(time.monotonic()):
            counters.unreachables_suppressed += 1
            return
        try:
            self.io.write(icmp.destination_unreachable(packet, code))
        except OSError as error:
            counters.drops[_WRITE_DROPS.get(error.errno or 0, Drop.TUN_WRITE_ERROR)] += 1
            return
        counters.unreachables_sent += 1
