# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lets the kernel keep strangers out of a socket while they flood it (`stranger_guard`)."""

from __future__ import annotations

import contextlib
import logging
import socket

from .sockets import filter, udp_socket
from .stranger_guard import is_flood
from .table import ForwardingTable

_log = logging.getLogger(__name__)

INTERVAL = 1.0  # seconds between two looks


class Guard:
    """The filter of one socket; nothing is filtered at first."""

    def __init__(self, datagrams: socket.socket) -> None:
        self._transport = datagrams
        self._filtering = False
        self._seen = (0, 0)  # strangers and lost datagrams, at the last look
        self._unfiltered = ""  # why not
        # A killed worker's may be on it still, with the peers of that time.
        self._let_everybody_in()

    def follow(self, table: ForwardingTable) -> None:
        """Let the peers of `table` in, if anybody is kept out."""
        if self._filtering:
            self._filter(table)

    def look(self, strangers: int, lost: int, table: ForwardingTable) -> None:
        """Filter, or cease to, by what the counts were at the last look, INTERVAL ago."""
        former, self._seen = self._seen, (strangers, lost)
        wanted = is_flood(self._filtering, strangers - former[0], lost - former[1])
        if wanted == self._filtering:
            return
        if wanted:
            self._filter(table)
        else:
            self._filtering = False
            self._let_everybody_in()
            _log.info("the strangers have ceased, each is counted again")

    def _filter(self, table: ForwardingTable) -> None:
        """Let only the peers of `table` in, where the kernel can."""
        former, self._filtering = self._filtering, False
        try:
            program = filter.passing({int(peer.public_ip) for peer in table.peers})
            udp_socket.attach_filter(self._transport, filter.packed(program))
        except (filter.TooManyPeersError, OSError) as error:
            if former:
                # The former table's filter would keep new peers out.
                self._let_everybody_in()
            if str(error) != self._unfiltered:
                _log.warning("strangers flood the port and are not filtered: %s", error)
            self._unfiltered = str(error)
            return
        self._filtering = True
        if not former:
            _log.warning("strangers flood the port: the kernel drops them, with the queue's losses")

    def _let_everybody_in(self) -> None:
        # ENOENT: there is no filter.
        with contextlib.suppress(OSError):
            udp_socket.detach_filter(self._transport)
