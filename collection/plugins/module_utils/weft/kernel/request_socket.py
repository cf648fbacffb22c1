# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An rtnetlink socket that sends many requests per system call and collects the responses."""

from __future__ import annotations

import contextlib
import itertools
import os
import socket
import struct
from collections.abc import Iterator, Sequence

from ..system.closing import Closing
from .messages import Request

# linux/netlink.h
_NETLINK_ROUTE = 0
_SOL_NETLINK = 270
_NETLINK_CAP_ACK = 10
_NETLINK_GET_STRICT_CHK = 12
_NLM_F_REQUEST = 0x01
_NLM_F_ACK = 0x04
_NLM_F_DUMP = 0x300
_NLM_F_DUMP_INTR = 0x10
_NLMSG_ERROR = 2
_NLMSG_DONE = 3
# struct nlmsghdr: length, type, flags, sequence number, port.
_HEADER = struct.Struct("=IHHII")
_ERROR = struct.Struct("=i")

# A response takes about 1 KiB of the receive buffer, which has 200 KiB by default.
_BATCH = 100
_RECEIVE_SIZE = 1 << 17  # bytes, more than one part of a dump
_TIMEOUT = 5.0  # seconds


class RequestSocket(Closing):
    """Netlink requests and dumps, in the network namespace in which the socket was opened."""

    def __init__(self, protocol: int = _NETLINK_ROUTE) -> None:
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, protocol)
        self._socket.bind((0, 0))
        self._socket.settimeout(_TIMEOUT)
        # Linux 4.2: responses without a copy of the request. Linux 4.20: dumps of one device.
        for option in (_NETLINK_CAP_ACK, _NETLINK_GET_STRICT_CHK):
            with contextlib.suppress(OSError):
                self._socket.setsockopt(_SOL_NETLINK, option, 1)
        self._sequence = itertools.cycle(range(1, 1 << 31))

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def request(self, requests: Sequence[Request]) -> list[int]:
        """Send the requests in order; return the errno of each, 0 for success.

        Raises OSError if the kernel sends no response.
        """
        return [
            code
            for start in range(0, len(requests), _BATCH)
            for code in self._request_batch(requests[start : start + _BATCH])
        ]

    def dump(self, kind: int, body: bytes) -> list[bytes]:
        """Return the message bodies of all entries of a table.

        Raises InterruptedError if the table changed during the dump, OSError.
        """
        sequence = next(self._sequence)
        self._socket.send(_message(kind, _NLM_F_DUMP, sequence, body))
        bodies = []
        interrupted = False
        for response, flags, answered, data in self._responses():
            if answered != sequence:
                continue  # response to a request that timed out
            interrupted |= bool(flags & _NLM_F_DUMP_INTR)
            if response in (_NLMSG_DONE, _NLMSG_ERROR):
                _raise(data)
                break
            bodies.append(data)
        if interrupted:
            raise InterruptedError("the table changed during the dump")
        return bodies

    def _request_batch(self, requests: Sequence[Request]) -> list[int]:
        codes = dict.fromkeys((next(self._sequence) for _request in requests), -1)
        self._socket.send(
            b"".join(
                _message(request.kind, request.flags | _NLM_F_ACK, sequence, request.body)
                for sequence, request in zip(codes, requests, strict=True)
            )
        )
        waiting = len(codes)
        for response, _flags, sequence, data in self._responses():
            if response == _NLMSG_ERROR and sequence in codes:
                codes[sequence] = -_ERROR.unpack_from(data)[0]
                waiting -= 1
                if not waiting:
                    break
        return list(codes.values())

    def _responses(self) -> Iterator[tuple[int, int, int, bytes]]:
        while True:
            data = self._socket.recv(_RECEIVE_SIZE)
            offset = 0
            while offset + _HEADER.size <= len(data):
                length, kind, flags, sequence, _port = _HEADER.unpack_from(data, offset)
                yield kind, flags, sequence, data[offset + _HEADER.size : offset + length]
                offset += length + -length % 4


def _message(kind: int, flags: int, sequence: int, body: bytes) -> bytes:
    header = _HEADER.pack(_HEADER.size + len(body), kind, flags | _NLM_F_REQUEST, sequence, 0)
    return header + body


def _raise(data: bytes) -> None:
    code = -_ERROR.unpack_from(data)[0] if len(data) >= _ERROR.size else 0
    if code:
        raise OSError(code, os.strerror(code))
