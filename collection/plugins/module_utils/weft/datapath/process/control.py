# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The control socket: a line of JSON for each request, a line of JSON for each reply.

A slow, stuck or hostile client does not delay packets: every read and write is non-blocking and
bounded, and an unread reply blocks only its own client.
"""

from __future__ import annotations

import contextlib
import json
import logging
import select
import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ..sockets.listening import listen
from .loop import EventLoop

_log = logging.getLogger(__name__)

MODE = 0o660
REQUEST_MAX = 4 << 20  # bytes: a table of 40,000 peers
CLIENTS_MAX = 16
_CHUNK = 1 << 16

Handler = Callable[[object], Mapping[str, Any]]


class ControlServer:
    """Answers each request with what `handle` returns for its decoded JSON.

    Listens at `path`, or continues on `listener`, which an old process handed over. Raises
    ListenError.
    """

    def __init__(
        self,
        loop: EventLoop,
        path: Path,
        handle: Handler,
        listener: socket.socket | None = None,
    ) -> None:
        self._loop = loop
        self._path = path
        self._handle = handle
        # In the order of their last request, the longest idle first.
        self._clients: dict[int, _Client] = {}
        self.listener = listener or listen(path, MODE)
        loop.watch(self.listener.fileno(), self._accept)

    def close(self) -> None:
        """Close every connection and remove the socket's file."""
        self.leave()
        self._path.unlink(missing_ok=True)

    def leave(self) -> None:
        """Close every connection; the socket's file stays, since the new process listens there."""
        for client in list(self._clients.values()):
            self._drop(client)
        self._loop.unwatch(self.listener.fileno())
        self.listener.close()

    def _accept(self, _events: int) -> None:
        try:
            connection, _address = self.listener.accept()
        except OSError:
            # The client closed the connection, or the process has no free descriptor: it may retry.
            return
        connection.setblocking(False)
        if len(self._clients) >= CLIENTS_MAX:
            self._drop(next(iter(self._clients.values())))
        client = _Client(connection)
        self._clients[connection.fileno()] = client
        self._loop.watch(connection.fileno(), lambda _events: self._serve(client))

    def _serve(self, client: _Client) -> None:
        """Send a part of the reply, or receive a part of a request, answered if complete."""
        try:
            request = client.receive() if client.flush() else None
            if request is not None:
                self._clients[client.descriptor] = self._clients.pop(client.descriptor)
                client.reply(self._answer(request))
        except (ConnectionError, EOFError):
            self._drop(client)
        except RequestTooLongError:
            _log.warning(
                "closed a control connection: its request line exceeds %d bytes", REQUEST_MAX
            )
            self._drop(client)
        else:
            # Until a reply is read, further requests wait. A request that was already received is
            # answered next, after a turn of the loop for the packets.
            events = select.EPOLLOUT if client.busy else select.EPOLLIN
            self._loop.watch(client.descriptor, lambda _events: self._serve(client), events)

    def _answer(self, line: bytes) -> bytes:
        try:
            request = json.loads(line)
        except (ValueError, RecursionError) as error:
            reply: Mapping[str, Any] = {"ok": False, "error": f"the request is not JSON: {error}"}
        else:
            reply = self._handle(request)
        return json.dumps(reply).encode() + b"\n"

    def _drop(self, client: _Client) -> None:
        del self._clients[client.descriptor]
        self._loop.unwatch(client.descriptor)
        client.close()


class RequestTooLongError(Exception):
    """A line grew beyond REQUEST_MAX."""


class _Client:
    """One connection: the received part of a request, and the unsent part of a reply."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._received = bytearray()
        self._searched = 0  # bytes of it without an end of line
        self._unsent = b""

    @property
    def descriptor(self) -> int:
        return self._connection.fileno()

    @property
    def busy(self) -> bool:
        """Whether a reply is unsent or a complete request is waiting."""
        return bool(self._unsent) or self._received.find(b"\n", self._searched) >= 0

    def receive(self) -> bytes | None:
        """Return a complete line, after at most one read. Raises EOFError, ConnectionError."""
        line = self._line()
        if line is not None:
            return line
        try:
            data = self._connection.recv(_CHUNK)
        except BlockingIOError:
            return None
        if not data:
            raise EOFError
        self._received += data
        line = self._line()
        if line is None and len(self._received) > REQUEST_MAX:
            raise RequestTooLongError
        return line

    def reply(self, data: bytes) -> None:
        """Send `data`, or the part that the socket takes now. Raises ConnectionError."""
        self._unsent += data
        self.flush()

    def flush(self) -> bool:
        """Send the unsent part; return whether all is sent. Raises ConnectionError."""
        if self._unsent:
            with contextlib.suppress(BlockingIOError):
                self._unsent = self._unsent[self._connection.send(self._unsent) :]
        return not self._unsent

    def close(self) -> None:
        self._connection.close()

    def _line(self) -> bytes | None:
        end = self._received.find(b"\n", self._searched)
        if end < 0:
            self._searched = len(self._received)
            return None
        line = bytes(self._received[:end])
        del self._received[: end + 1]
        self._searched = 0
        return line
