# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The system calls of the packet path: read, write, receive, send, and the path MTU."""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, TypeAlias

from ..table import Endpoint

Buffer: TypeAlias = "bytes | bytearray | memoryview"
Receive: TypeAlias = Callable[[memoryview], tuple[int, int, Endpoint]]

# The most packets or batches for each wake-up and direction, and the bytes after which a wake-up
# ends: one direction must not starve the other, nor the control socket.
BURST = 64
BURST_BYTES = 512 << 10

# linux/udp.h
SOL_UDP = 17
UDP_SEGMENT = 103
UDP_GRO = 104
IP_MTU = 14  # linux/in.h
IP_FREEBIND = 15  # likewise; the socket module of Python 3.11 does not name it
# IPv4 without options, and UDP, in bytes.
OUTER_HEADERS = 28
# The largest payload of an IPv4 UDP datagram (65535 - 28), and of a batch sent by one call.
DATAGRAM_MAX = 65507
# UDP_MAX_SEGMENTS before 1382e3b6a350 (Linux 6.9); a process cannot query it.
SEGMENTS_MAX = 64

_SEGMENT_SIZE = struct.Struct("=H")
_GRO_SIZE = struct.Struct("=i")
_GRO_SPACE = socket.CMSG_SPACE(_GRO_SIZE.size)


class DeviceLostError(Exception):
    """The device was deleted while it was open; it must be opened again."""


@dataclass(frozen=True, slots=True)
class PacketIO:
    """The calls on one queue of the device and one UDP socket; none blocks, each raises OSError.

    `read` and `write` have a virtio-net header before each packet. `receive` returns the length,
    the datagram size of a UDP_GRO batch (0 for a single datagram), and the sender. `send` takes the
    datagram size of a batch, or 0 for a single datagram. `path_mtu` returns the MTU in bytes that
    the kernel has for the path to a peer. A call borrows the buffers that it is given until it
    returns.
    """

    read: Callable[[list[memoryview]], int]
    write: Callable[[Sequence[Buffer]], int]
    receive: Receive
    send: Callable[[Sequence[Buffer], int, Endpoint], int]
    path_mtu: Callable[[Endpoint], int]

    @classmethod
    def of(
        cls, device: int, transport: socket.socket, from_any_port: int | None = None
    ) -> PacketIO:
        """Return the calls on a TUN device's descriptor and a UDP socket.

        If peers send from any port, `from_any_port` is the port on which they listen, and the
        senders that `receive` returns have it.
        """
        receive = receive_of(transport)
        if from_any_port is not None:
            receive = partial(_receive_from_any_port, receive, from_any_port)
        return cls(
            read=partial(os.readv, device),
            write=partial(os.writev, device),
            receive=receive,
            send=partial(_send, transport.sendmsg),
            path_mtu=partial(_path_mtu, transport.getsockname()[0]),
        )


def _path_mtu(source: str, endpoint: Endpoint) -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        # The source matters: a rule (ip-rule(8)) may route each source differently.
        probe.setsockopt(socket.IPPROTO_IP, IP_FREEBIND, 1)
        probe.bind((source, 0))
        # Only a connected socket has a path MTU; nothing is sent.
        probe.connect(endpoint)
        return probe.getsockopt(socket.IPPROTO_IP, IP_MTU)


def receive_of(transport: socket.socket) -> Receive:
    """Return the function that receives from a UDP socket."""
    return partial(_receive, transport.recvmsg_into)


def _receive(
    recvmsg_into: Callable[..., tuple[int, list[Any], int, Endpoint]], view: memoryview
) -> tuple[int, int, Endpoint]:
    length, ancillary, _flags, sender = recvmsg_into((view,), _GRO_SPACE)
    # UDP_GRO is the only ancillary data that this socket enabled.
    return length, _GRO_SIZE.unpack(ancillary[0][2])[0] if ancillary else 0, sender


def _receive_from_any_port(
    receive: Receive, port: int, view: memoryview
) -> tuple[int, int, Endpoint]:
    length, size, (address, _port) = receive(view)
    return length, size, (address, port)


def _send(
    sendmsg: Callable[..., int], buffers: Sequence[Buffer], size: int, endpoint: Endpoint
) -> int:
    return sendmsg(buffers, _segment(size) if size else (), 0, endpoint)


@lru_cache(maxsize=4096)
def _segment(size: int) -> list[tuple[int, int, bytes]]:
    return [(SOL_UDP, UDP_SEGMENT, _SEGMENT_SIZE.pack(size))]
