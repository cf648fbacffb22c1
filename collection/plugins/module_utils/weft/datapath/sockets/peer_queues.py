# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A receive queue for each peer, so that one peer's flood fills its own and no other's.

A udp peer sends from one address and port, so a socket connected to these gets all that it sends:
the kernel prefers it to the one that takes from anybody (udp_v4_early_demux, __udp4_lib_lookup).
The loop gives each queue that holds something its bounded turn. VXLAN senders use many ports, so
theirs share one queue.
"""

from __future__ import annotations

import contextlib
import logging
import socket
from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

from ..forwarding import Endpoint
from ..process.loop import EventLoop
from . import udp_socket

_log = logging.getLogger(__name__)

Drain: TypeAlias = Callable[[socket.socket], Callable[[int], None]]

# Descriptors are limited, by default to 1,024 a process; the peers beyond share one queue.
QUEUES_MAX = 512


class PeerQueues:
    """The sockets of the peers, beside the `shared` one, which takes from everybody.

    `inherited` are open already, by an earlier carrier of the same table.
    """

    def __init__(
        self, loop: EventLoop, shared: socket.socket, inherited: Mapping[Endpoint, socket.socket]
    ) -> None:
        self._loop = loop
        self._shared = shared
        self._wanted: list[Endpoint] = []
        self._sockets = dict(inherited)
        self._receive_offload = False
        self._drain: Drain | None = None
        # Datagrams lost by sockets that are closed, less those of the inherited before they were.
        self._lost_before = -self._lost_by_sockets()
        self._problem = ""

    def follow(self, endpoints: Iterable[Endpoint], receive_offload: bool, drain: Drain) -> None:
        """Have a queue for each of `endpoints` that there can be one for, and for nobody else.

        `drain` returns what is to be called when a socket holds something.
        """
        self._wanted = list(endpoints)[:QUEUES_MAX]
        self._receive_offload, self._drain = receive_offload, drain
        for queue in self._sockets.values():
            self._watch(queue)
        for endpoint in self._sockets.keys() - set(self._wanted):
            self._close(endpoint)
        self.complete()

    def complete(self) -> None:
        """Try again what could not be opened, as when a host boots before it has a route."""
        for endpoint in self._wanted:
            if endpoint in self._sockets:
                continue
            try:
                queue = udp_socket.open_connected(self._shared, endpoint)
            except OSError as error:
                self._tell(endpoint, error)
                continue
            self._sockets[endpoint] = queue
            self._watch(queue)

    def _watch(self, queue: socket.socket) -> None:
        if self._drain is not None:
            with contextlib.suppress(OSError):  # as the shared one's, which tells of it
                udp_socket.set_receive_offload(queue, self._receive_offload)
            self._loop.watch(queue.fileno(), self._drain(queue))

    def lost(self) -> int:
        """Return how many datagrams the kernel dropped, since all queues were full."""
        return self._lost_before + self._lost_by_sockets()

    def release(self) -> Mapping[Endpoint, socket.socket]:
        """Leave the queues open, with what they hold, and have none any more."""
        self._lost_before = self.lost()
        released, self._sockets = self._sockets, {}
        for queue in released.values():
            self._loop.unwatch(queue.fileno())
        return released

    def close(self) -> None:
        """Have no queue any more."""
        for endpoint in list(self._sockets):
            self._close(endpoint)

    def _lost_by_sockets(self) -> int:
        return sum(map(udp_socket.datagrams_lost, self._sockets.values()))

    def _close(self, endpoint: Endpoint) -> None:
        closed = self._sockets.pop(endpoint)
        self._lost_before += udp_socket.datagrams_lost(closed)
        self._loop.unwatch(closed.fileno())
        closed.close()

    def _tell(self, endpoint: Endpoint, error: OSError) -> None:
        problem = error.strerror or str(error)
        if problem != self._problem:
            _log.info("no queue of its own for %s yet: %s", endpoint[0], problem)
        self._problem = problem
