# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Probes by UDP: who answers, from which address the question came, and the path's MTU.

Datagrams are not fragmented, whatever the kernel has learned of the path (IP_PMTUDISC_PROBE of
linux/in.h); who says that one is too big is read from the socket's error queue (ip(7)).
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
from .exchange import Answer, ExchangeError
from .path_mtu import SMALLEST, PathMtuSearch

# linux/in.h; Python names only some of them.
_IP_MTU_DISCOVER, _IP_RECVERR, _IP_PMTUDISC_PROBE = 10, 11, 3
# struct sock_extended_err of linux/errqueue.h, then the sockaddr_in of the one who said so.
_EXTENDED_ERROR = struct.Struct("=IBBBxII")
_OFFENDER = struct.Struct("=HH4s8x")
_CONTROL_SIZE = 512
_LARGEST = 0xFFFF
# A small datagram has been answered before, so that a second is long.
_LONG = 1.0
_ROUNDS = 12


@dataclass(frozen=True, slots=True)
class PathMtu:
    """The largest packet that passes one way, in bytes, and who said that larger do not."""

    size: int
    told_by: str = ""


class DatagramProbe:
    """Asks one responder; closes its socket in the end of a ``with`` block."""

    def __init__(self, address: str, port: int, timeout: float, attempts: int) -> None:
        self._timeout = timeout
        self._attempts = attempts
        self._told: PathMtu | None = None
        self._answer = Answer()
        self._error = ""
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.IPPROTO_IP, _IP_MTU_DISCOVER, _IP_PMTUDISC_PROBE)
        self._socket.setsockopt(socket.IPPROTO_IP, _IP_RECVERR, 1)
        try:
            self._socket.connect((address, port))
        except OSError as error:
            self._error = words(error)

    def __enter__(self) -> DatagramProbe:
        return self

    def __exit__(self, *_exception: object) -> None:
        self._socket.close()

    def who(self) -> Answer:
        """Ask by the smallest datagram."""
        if self._passes(SMALLEST, self._timeout):
            return self._answer
        return Answer(error=self._error or "timed out")

    def path_mtu(self, ceiling: int) -> PathMtu:
        """Return the path's MTU, if ``who`` was answered; ``ceiling`` is that of the own device."""
        wait = min(self._timeout, _LONG)
        if self._passes(ceiling, wait):
            return PathMtu(ceiling)
        told = self._told
        if told and SMALLEST < told.size < ceiling and self._passes(told.size, wait):
            return told
        search = PathMtuSearch(SMALLEST, ceiling)
        for _round in range(_ROUNDS):
            sizes = search.sizes()
            search = search.learn(sizes, self._arrived(sizes * 2, wait))
            if search.done:
                # What was lost by chance in this round is not too big.
                if search.fails == ceiling or not self._passes(search.fails, wait):
                    break
                search = PathMtuSearch(search.fails, ceiling)
        return PathMtu(search.passes)

    def _passes(self, size: int, wait: float) -> bool:
        for _attempt in range(self._attempts):
            if self._arrived([size], wait):
                return True
            if self._told and self._told.size < size:
                return False
        return False

    def _arrived(self, sizes: Iterable[int], wait: float) -> Collection[int]:
        """Send a datagram of each size and return those that are answered in time."""
        asked = {secrets.token_hex(exchange.TOKEN_LENGTH // 2): size for size in sizes}
        wanted, arrived = set(asked.values()), set[int]()
        # The largest last: what fits is on its way before an error comes back.
        for token, size in sorted(asked.items(), key=lambda item: item[1]):
            self._send(exchange.datagram(token, size))
        deadline = time.monotonic() + wait
        while wanted - arrived and (left := deadline - time.monotonic()) > 0:
            self._socket.settimeout(left)
            try:
                data = self._socket.recv(_LARGEST)
            except TimeoutError:
                break
            except OSError as error:
                self._note(error)
                if error.errno != errno.EMSGSIZE:
                    break
                if self._told and all(size > self._told.size for size in wanted - arrived):
                    break
                continue
            self._read(data, asked, arrived)
        return arrived

    def _send(self, payload: bytes) -> None:
        # An error that came back for the datagram before is raised here: the second call sends.
        for _attempt in range(2):
            try:
                self._socket.send(payload)
            except OSError as error:
                self._note(error)
            else:
                return

    def _read(self, data: bytes, asked: dict[str, int], arrived: set[int]) -> None:
        try:
            fields = exchange.pull(data)
            answer = exchange.pull_who(data)
        except ExchangeError:
            return  # nothing of ours
        size = asked.get(fields.get("token", ""))
        if size is not None:
            self._answer = answer
            arrived.add(size)

    def _note(self, error: OSError) -> None:
        """Keep the reason, and who said that a packet is too big."""
        self._error = words(error)
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
                self._told = PathMtu(information, socket.inet_ntoa(offender[2]))


def words(error: OSError) -> str:
    """Return the reason of a failure as the C library words it."""
    if isinstance(error, TimeoutError):
        return "timed out"
    return os.strerror(error.errno) if error.errno else str(error)
