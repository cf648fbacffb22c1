# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The responder: replies to probes in a container's network namespace while the container runs."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import threading
import time
from collections.abc import Callable

from ansible_collections.weft.overlay.plugins.module_utils.background_process import (
    run_in_background,
)

from . import exchange

_IDLE_TIMEOUT = 10.0  # seconds without data before a connection is closed
_CHUNK = 1 << 18  # bytes
_BACKLOG = 512
_LARGEST = 0xFFFF


class Responder:
    """Replies on one TCP and UDP port. The constructor opens the sockets.

    Raises OSError if the port is in use.
    """

    def __init__(self, name: str, port: int) -> None:
        self._name = name
        self._sources: set[str] = set()
        self._stream = socket.create_server(("0.0.0.0", port), backlog=_BACKLOG)
        try:
            self._datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self._datagrams.bind(("0.0.0.0", port))
        except OSError:
            self._stream.close()
            raise

    def serve(self, wait: Callable[[], object]) -> None:
        """Reply until ``wait`` returns."""
        for loop in (self._serve_datagrams, self._serve_connections):
            threading.Thread(target=loop, daemon=True).start()
        wait()

    def close(self) -> None:
        """Close the sockets."""
        self._stream.close()
        self._datagrams.close()

    def _serve_datagrams(self) -> None:
        while True:
            payload, (source, port) = self._datagrams.recvfrom(_LARGEST)
            self._sources.add(source)
            reply = exchange.encode_reply(
                {"token": exchange.token_of(payload), "name": self._name, "source": source}
            )
            # The caller reports a missing reply.
            with contextlib.suppress(OSError):
                self._datagrams.sendto(reply, (source, port))

    def _serve_connections(self) -> None:
        while True:
            connection, (source, _port) = self._stream.accept()
            threading.Thread(
                target=self._serve_connection, args=(connection, source), daemon=True
            ).start()

    def _serve_connection(self, connection: socket.socket, source: str) -> None:
        with connection, contextlib.suppress(OSError):
            connection.settimeout(_IDLE_TIMEOUT)
            with connection.makefile("rb") as stream:
                request = stream.readline(exchange.LINE_LIMIT)
                if request == exchange.SOURCES:
                    connection.sendall(exchange.encode_reply({"sources": sorted(self._sources)}))
                    return
                self._sources.add(source)
                if request == exchange.IDENTIFY:
                    reply = exchange.encode_reply({"name": self._name, "source": source})
                elif request == exchange.SINK:
                    reply = _sink(connection)
                else:
                    return
            connection.sendall(reply)


def _sink(connection: socket.socket) -> bytes:
    # The bytes buffered while reading the request line are not counted: a few kilobytes at most.
    began, received = time.monotonic(), 0
    buffer = bytearray(_CHUNK)
    while count := connection.recv_into(buffer):
        received += count
    return exchange.encode_reply({"bytes": received, "seconds": time.monotonic() - began})


def serve_in_background(responder: Responder, pid: int, lifetime: float) -> None:
    """Start a process that replies until process ``pid`` ends, at most ``lifetime`` seconds.

    Raises OSError if process ``pid`` does not exist.
    """
    watched = os.pidfd_open(pid)
    run_in_background(lambda: responder.serve(lambda: select.select([watched], [], [], lifetime)))
    os.close(watched)
    responder.close()
