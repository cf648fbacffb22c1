# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The end that answers: in a container's network, for as long as the container lives."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import threading
import time
from collections.abc import Callable

from . import exchange

_PATIENCE = 10.0  # seconds that a caller may be silent
_CHUNK = 1 << 18  # bytes
_BACKLOG = 512
_LARGEST = 0xFFFF


class Responder:
    """Answers on one port of TCP and UDP; its sockets are open when it is made.

    Raises OSError if the port is taken.
    """

    def __init__(self, name: str, port: int) -> None:
        self._name = name
        self._heard: set[str] = set()
        self._stream = socket.create_server(("0.0.0.0", port), backlog=_BACKLOG)
        try:
            self._datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self._datagrams.bind(("0.0.0.0", port))
        except OSError:
            self._stream.close()
            raise

    def serve(self, wait: Callable[[], object]) -> None:
        """Answer until ``wait`` returns."""
        for loop in (self._answer_datagrams, self._answer_connections):
            threading.Thread(target=loop, daemon=True).start()
        wait()

    def close(self) -> None:
        """Close the sockets."""
        self._stream.close()
        self._datagrams.close()

    def _answer_datagrams(self) -> None:
        while True:
            payload, (source, port) = self._datagrams.recvfrom(_LARGEST)
            self._heard.add(source)
            answer = exchange.push(
                {"token": exchange.token_of(payload), "name": self._name, "source": source}
            )
            # A caller that cannot be answered notices it by itself.
            with contextlib.suppress(OSError):
                self._datagrams.sendto(answer, (source, port))

    def _answer_connections(self) -> None:
        while True:
            connection, (source, _port) = self._stream.accept()
            threading.Thread(
                target=self._answer_connection, args=(connection, source), daemon=True
            ).start()

    def _answer_connection(self, connection: socket.socket, source: str) -> None:
        with connection, contextlib.suppress(OSError):
            connection.settimeout(_PATIENCE)
            with connection.makefile("rb") as stream:
                request = stream.readline(exchange.LINE_LIMIT)
                if request == exchange.HEARD:
                    connection.sendall(exchange.push({"heard": sorted(self._heard)}))
                    return
                self._heard.add(source)
                if request == exchange.WHO:
                    answer = exchange.push({"name": self._name, "source": source})
                elif request == exchange.SINK:
                    answer = _sink(connection)
                else:
                    return
            connection.sendall(answer)


def _sink(connection: socket.socket) -> bytes:
    # Unread bytes of the line's buffer are a few kilobytes, too few to matter.
    began, taken = time.monotonic(), 0
    buffer = bytearray(_CHUNK)
    while count := connection.recv_into(buffer):
        taken += count
    return exchange.push({"bytes": taken, "seconds": time.monotonic() - began})


def serve_in_background(responder: Responder, pid: int, lifetime: float) -> None:
    """Let a process of its own answer until process ``pid`` ends, or ``lifetime`` seconds.

    Raises OSError if there is no such process.
    """
    watched = os.pidfd_open(pid)
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        os.close(watched)
        responder.close()
        return
    # The grandchild belongs to nobody, and holds nothing that the caller waits for.
    os.setsid()
    if os.fork():
        os._exit(0)
    try:
        os.chdir("/")
        nowhere = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(nowhere, descriptor)
        responder.serve(lambda: select.select([watched], [], [], lifetime))
    finally:
        os._exit(0)
