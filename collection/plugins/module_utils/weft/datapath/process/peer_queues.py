# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A receive queue for each peer, so that a flood from one peer fills its own queue only.

A udp peer sends from one address and port, so a socket connected to them receives all that it
sends: the kernel prefers it to the unconnected one (udp_v4_early_demux, __udp4_lib_lookup). The
event loop gives each queue with packets its bounded turn. VXLAN senders use many ports and share
one queue.
"""

from __future__ import annotations

import contextlib
import logging
import socket
from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

from ..sockets import udp_socket
from ..table import Endpoint
from .loop import EventLoop

_log = logging.getLogger(__name__)

OnReadable: TypeAlias = Callable[[socket.socket], Callable[[int], None]]

# Descriptors are limited, by default to 1,024 a process; the peers beyond share one queue.
QUEUES_MAX = 512


class PeerQueues:
    """The connected sockets of the peers, beside the `shared` one, which receives from all senders.

    Owns them until `release` or `close`. `released` are the open ones of an earlier instance.
    """

    def __init__(
        self, loop: EventLoop, shared: socket.socket, released: Mapping[Endpoint, socket.socket]
    ) -> None:
        self._loop = loop
        self._shared = shared
        self._wanted: list[Endpoint] = []
        self._sockets = dict(released)
        self._receive_offload = False
        self._on_readable: OnReadable | None = None
        # Datagrams lost by closed sockets, minus those lost by the released ones before.
        self._lost_before = -self._lost_by_sockets()
        self._problem = ""

    def apply(
        self, endpoints: Iterable[Endpoint], receive_offload: bool, on_readable: OnReadable
    ) -> None:
        """Open a queue for each of `endpoints`, up to QUEUES_MAX, and close all others.

        `on_readable` returns the callback for a socket that has packets.
        """
        self._wanted = list(endpoints)[:QUEUES_MAX]
        self._receive_offload, self._on_readable = receive_offload, on_readable
        for queue in self._sockets.values():
            self._watch(queue)
        for endpoint in self._sockets.keys() - set(self._wanted):
            self._close(endpoint)
        self.open_missing()

    def open_missing(self) -> None:
        """Try again to open missing queues; at boot, a host may not have a route to a peer yet."""
        for endpoint in self._wanted:
            if endpoint in self._sockets:
                continue
            try:
                queue = udp_socket.open_connected(self._shared, endpoint)
            except OSError as error:
                self._log_problem(endpoint, error)
                continue
            self._sockets[endpoint] = queue
            self._watch(queue)

    def _watch(self, queue: socket.socket) -> None:
        if self._on_readable is not None:
            # If it fails, so does that of the shared socket, which logs it.
            with contextlib.suppress(OSError):
                udp_socket.set_receive_offload(queue, self._receive_offload)
            self._loop.watch(queue.fileno(), self._on_readable(queue))

    def lost(self) -> int:
        """Return how many datagrams the kernel dropped since the queues were opened or released."""
        return self._lost_before + self._lost_by_sockets()

    def release(self) -> Mapping[Endpoint, socket.socket]:
        """Return the open sockets with the packets in them; the caller owns them."""
        self._lost_before = self.lost()
        released, self._sockets = self._sockets, {}
        for queue in released.values():
            self._loop.unwatch(queue.fileno())
        return released

    def close(self) -> None:
        """Close all queues."""
        for endpoint in list(self._sockets):
            self._close(endpoint)

    def _lost_by_sockets(self) -> int:
        return sum(map(udp_socket.datagrams_lost, self._sockets.values()))

    def _close(self, endpoint: Endpoint) -> None:
        closed = self._sockets.pop(endpoint)
        self._lost_before += udp_socket.datagrams_lost(closed)
        self._loop.unwatch(closed.fileno())
        closed.close()

    def _log_problem(self, endpoint: Endpoint, error: OSError) -> None:
        problem = error.strerror or str(error)
        if problem != self._problem:
            _log.info(
                "cannot open a receive queue for peer %s yet: %s; retried every second, its "
                "packets use the shared queue",
                endpoint[0],
                problem,
            )
        self._problem = problem
