# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The four calls that touch a descriptor, and what their errors mean."""

from __future__ import annotations

import errno
import os
import socket
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, TypeAlias

from ..counters import Drop
from ..forwarding import Endpoint

Buffer: TypeAlias = "bytes | bytearray | memoryview"
Receive: TypeAlias = Callable[[memoryview], tuple[int, int, Endpoint]]

# Packets or trains a wake and direction, and the bytes after which a wake ends early.
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
# The largest payload of an IPv4 UDP datagram, which a train must not exceed either (65535 - 28).
DATAGRAM_MAX = 65507
# Before 1382e3b6a350 (Linux 6.9) UDP_MAX_SEGMENTS was 64; the kernel tells neither.
SEGMENTS_MAX = 64

_SEGMENT_SIZE = struct.Struct("=H")
_GRO_SIZE = struct.Struct("=i")
_GRO_SPACE = socket.CMSG_SPACE(_GRO_SIZE.size)

SEND_DROPS = {
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
# What ICMP says of a datagram that was sent, as a socket gives it when it next receives
# (icmp_err_convert in net/ipv4/icmp.c, and __udp4_lib_err).
ICMP_ERRORS = frozenset(
    {
        errno.ECONNREFUSED,
        errno.EHOSTDOWN,
        errno.EHOSTUNREACH,
        errno.EMSGSIZE,
        errno.ENETUNREACH,
        errno.ENONET,
        errno.ENOPROTOOPT,
        errno.EOPNOTSUPP,
        errno.EPROTO,
    }
)
WRITE_DROPS = {
    errno.EIO: Drop.DEVICE_DOWN,  # tun_get_user, while the interface is not IFF_UP
    errno.EAGAIN: Drop.DEVICE_QUEUE_FULL,
    errno.ENOBUFS: Drop.DEVICE_QUEUE_FULL,
}
# The kernel or a driver cannot segment: EIO without checksums in the device (before
# 10154dbded6d, Linux 6.11) or with IPsec on the route, EINVAL for an option or a cap unknown. But
# EINVAL is a blackhole's answer, too, and that to segments larger than the path's MTU (before
# 235174b2bed8, Linux 6.14): only a datagram that then goes alone tells them apart.
GSO_REFUSALS = frozenset({errno.EIO, errno.EINVAL, errno.EOPNOTSUPP})


class DeviceLostError(Exception):
    """The device was deleted under us; it must be opened anew."""


def send_drop(error: OSError) -> Drop:
    """Return the reason to count for a send that failed."""
    return SEND_DROPS.get(error.errno or 0, Drop.SEND_ERROR)


def write_drop(error: OSError) -> Drop:
    """Return the reason to count for a write to the device that failed."""
    return WRITE_DROPS.get(error.errno or 0, Drop.TUN_WRITE_ERROR)


@dataclass(frozen=True, slots=True)
class PacketIO:
    """None of the calls blocks; each raises OSError.

    `read` and `write` carry a virtio-net header before each packet. `receive` returns the length,
    the size of the datagrams in it where there are several (0 otherwise), and the sender. `send`
    takes that size too, 0 for a datagram alone. `path_mtu` returns that of the path to a peer, in
    bytes, as far as the kernel knows.
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

        Where peers send from any port, each is named by `from_any_port`, on which it listens.
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
        # From where packets leave: a rule (ip-rule(8)) may give each source a path of its own.
        probe.setsockopt(socket.IPPROTO_IP, IP_FREEBIND, 1)
        probe.bind((source, 0))
        # Only a connected socket knows its path; nothing is sent.
        probe.connect(endpoint)
        return probe.getsockopt(socket.IPPROTO_IP, IP_MTU)


def receive_of(transport: socket.socket) -> Receive:
    """Return the call that receives from a UDP socket."""
    return partial(_receive, transport.recvmsg_into)


def _receive(
    recvmsg_into: Callable[..., tuple[int, list[Any], int, Endpoint]], view: memoryview
) -> tuple[int, int, Endpoint]:
    length, ancillary, _flags, sender = recvmsg_into((view,), _GRO_SPACE)
    # UDP_GRO is the only ancillary data that this socket asked for.
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
