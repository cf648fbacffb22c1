# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The UDP sockets of the outer datagrams, one for each queue.

Several share the address and the port (SO_REUSEPORT), and the kernel selects one by a hash of the
outer addresses and ports: all datagrams of a udp peer, from its one port, reach one socket. A
selection by inner headers (a classic BPF filter) would not keep the order within an inner flow:
UDP_GRO, and a peer's UDP_SEGMENT, merge datagrams of several inner flows before the selection,
which then uses the headers of the first one for all.
"""

from __future__ import annotations

import contextlib
import ctypes
import socket
import struct
from collections.abc import Iterable, Iterator, Sequence
from ipaddress import IPv4Address

from ...errors import WeftError
from .packet_io import IP_FREEBIND, SOL_UDP, UDP_GRO, UDP_SEGMENT

# Linux numbers that the socket module of Python 3.11 does not name.
IP_MTU_DISCOVER = 10  # linux/in.h
IP_PMTUDISC_DO = 2
SO_ATTACH_FILTER = 26
SO_DETACH_FILTER = 27
SO_SNDBUFFORCE = 32  # asm-generic/socket.h, with CAP_NET_ADMIN beyond net.core.wmem_max
SO_RCVBUFFORCE = 33
SO_MEMINFO = 55

# Bytes: some 5,000 datagrams of 1,500, which the kernel accounts with their overhead.
BUFFER_SIZE = 7 << 20

# SO_MEMINFO is nine u32 (linux/sock_diag.h); the last is SK_MEMINFO_DROPS.
_MEMINFO = struct.Struct("=9I")
# struct sock_fprog (linux/filter.h): how many instructions, and where they are.
_PROGRAM = struct.Struct("@HP")
_INSTRUCTION_LENGTH = 8


class TransportError(WeftError, OSError):
    """A UDP socket cannot be bound; the message has its address, the reason and the fix."""


def open_transports(
    bind: IPv4Address,
    port: int,
    count: int = 1,
    *,
    await_address: bool = False,
    replaces: Sequence[socket.socket] = (),
) -> list[socket.socket]:
    """Return `count` non-blocking UDP sockets bound to `bind` and `port`.

    The caller owns them. With `await_address`, the address may be missing, as when a host boots.
    `replaces` are open sockets of this process whose address may overlap, such as 0.0.0.0 and the
    same port. Raises TransportError.
    """
    transports: list[socket.socket] = []
    try:
        for _turn in range(count):
            transports.append(_open(bind, port, count > 1, await_address, replaces))
    except TransportError:
        close_transports(transports)
        raise
    return transports


def close_transports(transports: Iterable[socket.socket]) -> None:
    """Close every socket."""
    for transport in transports:
        transport.close()


def _open(
    bind: IPv4Address,
    port: int,
    shared: bool,
    await_address: bool,
    replaces: Sequence[socket.socket],
) -> socket.socket:
    transport = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    try:
        _enlarge(transport, SO_RCVBUFFORCE, socket.SO_RCVBUF)
        _enlarge(transport, SO_SNDBUFFORCE, socket.SO_SNDBUF)
        # DF, and EMSGSIZE above the path MTU: inner packets are fragmented, outer ones never.
        transport.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO)
        if await_address:
            transport.setsockopt(socket.IPPROTO_IP, IP_FREEBIND, 1)
        # Only sockets of the same user can join (socket(7)).
        transport.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, int(shared))
        with _reusable(transport, replaces):
            transport.bind((str(bind), port))
    except OSError as error:
        transport.close()
        raise TransportError(
            error.errno,
            f"cannot bind UDP {bind}:{port}: {error.strerror}; the address must be "
            "one of this host, and no other daemon, such as flanneld, may use the port",
        ) from error
    return transport


def open_connected(shared: socket.socket, peer: tuple[str, int]) -> socket.socket:
    """Return a socket at the address and port of `shared` that receives from `peer`.

    Datagrams of other senders that arrive between bind and connect are in it, too. The caller owns
    the socket. Raises OSError.
    """
    transport = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    try:
        _enlarge(transport, SO_RCVBUFFORCE, socket.SO_RCVBUF)
        transport.setsockopt(socket.IPPROTO_IP, IP_FREEBIND, 1)
        with _reusable(transport, (shared,)):
            transport.bind(shared.getsockname())
        # A socket that replaces `shared` may bind then; while `shared` is open, no other may.
        transport.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        transport.connect(peer)
    except OSError:
        transport.close()
        raise
    return transport


def set_receive_offload(transport: socket.socket, wanted: bool) -> None:
    """Enable or disable receives of batches of datagrams (UDP_GRO). Raises OSError."""
    transport.setsockopt(SOL_UDP, UDP_GRO, int(wanted))


def probe_send_offload(transport: socket.socket) -> None:
    """Raise OSError if the kernel does not have UDP_SEGMENT (Linux 4.18)."""
    transport.setsockopt(SOL_UDP, UDP_SEGMENT, 1400)
    # The option would segment every send; instead each batch is sent with its own size.
    transport.setsockopt(SOL_UDP, UDP_SEGMENT, 0)


def attach_filter(transport: socket.socket, program: bytes) -> None:
    """Receive only datagrams that `program` accepts; replace the former one. Raises OSError.

    ENOMEM means that net.core.optmem_max is too small for the program.
    """
    memory = ctypes.create_string_buffer(program, len(program))
    count = len(program) // _INSTRUCTION_LENGTH
    described = _PROGRAM.pack(count, ctypes.addressof(memory))
    transport.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, described)


def detach_filter(transport: socket.socket) -> None:
    """Receive all datagrams again. Raises OSError: ENOENT if there is no filter."""
    transport.setsockopt(socket.SOL_SOCKET, SO_DETACH_FILTER, 0)


def datagrams_lost(transport: socket.socket) -> int:
    """Return how many datagrams the kernel dropped before they were received."""
    meminfo = transport.getsockopt(socket.SOL_SOCKET, SO_MEMINFO, _MEMINFO.size)
    drops: int = _MEMINFO.unpack(meminfo)[-1]
    return drops


def _enlarge(transport: socket.socket, force: int, option: int) -> None:
    try:
        transport.setsockopt(socket.SOL_SOCKET, force, BUFFER_SIZE)
    except PermissionError:
        transport.setsockopt(socket.SOL_SOCKET, option, BUFFER_SIZE)


@contextlib.contextmanager
def _reusable(transport: socket.socket, replaces: Sequence[socket.socket]) -> Iterator[None]:
    """Allow these sockets to share an address during the bind, and no other socket after it."""
    sharing = (transport, *replaces) if replaces else ()
    for each in sharing:
        each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        yield
    finally:
        for each in sharing:
            each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
