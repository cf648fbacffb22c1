# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""UDP probes: the identity of the responder, and the path MTU.

Datagrams are never fragmented, and the path MTU that the kernel has cached is ignored
(IP_PMTUDISC_PROBE of linux/in.h). The router that reports a datagram as too big is read from the
socket's error queue (ip(7)).
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import socket
import struct
import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from . import exchange
from .exchange import ExchangeError, Reply
from .path_mtu import SMALLEST, PathMtuSearch

# linux/in.h; the socket module lacks some of them.
_IP_MTU_DISCOVER, _IP_RECVERR, _IP_PMTUDISC_PROBE = 10, 11, 3
# struct sock_extended_err of linux/errqueue.h, then the sockaddr_in of the reporting router.
_EXTENDED_ERROR = struct.Struct("=IBBBxII")
_OFFENDER = struct.Struct("=HH4s8x")
_CONTROL_SIZE = 512
_LARGEST = 0xFFFF
# Smaller datagrams were answered before, so a second is enough.
_MTU_TIMEOUT = 1.0
_MTU_ROUNDS = 12


@dataclass(frozen=True, slots=True)
class PathMtu:
    """The largest packet that passes one way, in bytes, and the router that reported the limit."""

    size: int
    reported_by: str = ""


class DatagramProbe:
    """Sends datagrams to one responder; a context manager that closes the socket."""

    def __init__(self, address: str, port: int, timeout: float, attempts: int) -> None:
        self._timeout = timeout
        self._attempts = attempts
        self._reported: PathMtu | None = None
        self._reply = Reply()
        self._error = ""
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.IPPROTO_IP, _IP_MTU_DISCOVER, _IP_PMTUDISC_PROBE)
        self._socket.setsockopt(socket.IPPROTO_IP, _IP_RECVERR, 1)
        try:
            self._socket.connect((address, port))
        except OSError as error:
            self._error = error_text(error)

    def __enter__(self) -> DatagramProbe:
        return self

    def __exit__(self, *_exception: object) -> None:
        self._socket.close()

    def identify(self) -> Reply:
        """Return the identity of the responder, queried with the smallest datagram."""
        if self._passes(SMALLEST, self._timeout):
            return self._reply
        return Reply(error=self._error or "timed out")

    def path_mtu(self, ceiling: int) -> PathMtu:
        """Return the path MTU, at most ``ceiling`` bytes. Call it after ``identify`` succeeded."""
        wait = min(self._timeout, _MTU_TIMEOUT)
        if self._passes(ceiling, wait):
            return PathMtu(ceiling)
        reported = self._reported
        if reported and SMALLEST < reported.size < ceiling and self._passes(reported.size, wait):
            return reported
        search = PathMtuSearch(SMALLEST, ceiling)
        for _round in range(_MTU_ROUNDS):
            sizes = search.sizes()
            search = search.narrowed(sizes, self._arrived(sizes * 2, wait))
            if search.done:
                # A datagram may have been lost by chance: send the smallest that failed again.
                if search.fails == ceiling or not self._passes(search.fails, wait):
                    break
                search = PathMtuSearch(search.fails, ceiling)
        return PathMtu(search.passes)

    def _passes(self, size: int, wait: float) -> bool:
        for _attempt in range(self._attempts):
            if self._arrived([size], wait):
                return True
            if self._reported and self._reported.size < size:
                return False
        return False

    def _arrived(self, sizes: Iterable[int], wait: float) -> Collection[int]:
        """Send a datagram of each size and return the sizes that were answered in time."""
        sent = {secrets.token_hex(exchange.TOKEN_LENGTH // 2): size for size in sizes}
        wanted, arrived = set(sent.values()), set[int]()
        # Ascending sizes: those that fit are sent before the first error returns.
        for token, size in sorted(sent.items(), key=lambda item: item[1]):
            self._send(exchange.datagram(token, size))
        deadline = time.monotonic() + wait
        while wanted - arrived and (left := deadline - time.monotonic()) > 0:
            self._socket.settimeout(left)
            try:
                data = self._socket.recv(_LARGEST)
            except TimeoutError:
                break
            except OSError as error:
                self._record_error(error)
                if error.errno != errno.EMSGSIZE:
                    break
                if self._reported and all(size > self._reported.size for size in wanted - arrived):
                    break
                continue
            self._read(data, sent, arrived)
        return arrived

    def _send(self, payload: bytes) -> None:
        # The first call may raise the error of the previous datagram; the second one sends.
        for _attempt in range(2):
            try:
                self._socket.send(payload)
            except OSError as error:
                self._record_error(error)
            else:
                return

    def _read(self, data: bytes, sent: dict[str, int], arrived: set[int]) -> None:
        try:
            fields = exchange.parse_reply(data)
            reply = exchange.parse_identity(data)
        except ExchangeError:
            return  # not from the responder
        size = sent.get(fields.get("token", ""))
        if size is not None:
            self._reply = reply
            arrived.add(size)

    def _record_error(self, error: OSError) -> None:
        """Keep the reason, and the path MTU that a router reported."""
        self._error = error_text(error)
        with contextlib.suppress(BlockingIOError, TimeoutError):
            while True:
                self._read_error()

    def _read_error(self) -> None:
        self._socket.settimeout(0)
        _data, ancillary, _flags, _address = self._socket.recvmsg(
            _LARGEST, _CONTROL_SIZE, socket.MSG_ERRQUEUE
        )
        for level, kind, data in ancillary:
            if (level, kind) != (socket.IPPROTO_IP, _IP_RECVERR):
                continue
            code, _origin, _type, _code, information, _more = _EXTENDED_ERROR.unpack_from(data)
            if code == errno.EMSGSIZE:
                offender = _OFFENDER.unpack_from(data, _EXTENDED_ERROR.size)
                self._reported = PathMtu(information, socket.inet_ntoa(offender[2]))


def error_text(error: OSError) -> str:
    """Return the reason of a failure in the words of the C library."""
    if isinstance(error, TimeoutError):
        return "timed out"
    return os.strerror(error.errno) if error.errno else str(error)
