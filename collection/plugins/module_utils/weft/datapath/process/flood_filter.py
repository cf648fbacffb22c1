# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A socket filter by which the kernel drops datagrams of unknown senders while they are a flood.

The filter makes a flood cheap, but hides it: the drop counter of unknown senders is how an operator
finds a host whose lease is missing. So each is counted, and the filter is attached only during a
flood. The kernel counts filtered datagrams and those of a full receive queue together (SO_MEMINFO).
"""

from __future__ import annotations

import contextlib
import logging
import socket

from ..sockets import bpf, udp_socket
from ..table import ForwardingTable

_log = logging.getLogger(__name__)

INTERVAL = 1.0  # seconds between two updates
# Datagrams a second: fewer from unknown senders cost a few hundredths of a core at most.
FLOOD = 1000


def is_flood(filtering: bool, unknown: int, lost: int) -> bool:
    """Return whether the filter is needed, by the drops of the last second.

    `unknown` is the number of datagrams of unknown senders that this process dropped, `lost` the
    number that the kernel dropped, with those of unknown senders while the filter is attached.
    """
    return (unknown + (lost if filtering else 0)) > FLOOD


class FloodFilter:
    """The filter of one socket; not attached at first."""

    def __init__(self, transport: socket.socket) -> None:
        self._transport = transport
        self._filtering = False
        self._counted = (0, 0)  # unknown and lost, at the last update
        self._problem = ""  # why the filter could not be attached
        # The filter of a killed worker may still be attached, with the peers of that time.
        self._detach()

    def apply(self, table: ForwardingTable) -> None:
        """Accept the peers of `table`, if the filter is attached."""
        if self._filtering:
            self._attach(table)

    def update(self, unknown: int, lost: int, table: ForwardingTable) -> None:
        """Attach or detach the filter by the counters `unknown` and `lost`, once each INTERVAL."""
        former, self._counted = self._counted, (unknown, lost)
        needed = is_flood(self._filtering, unknown - former[0], lost - former[1])
        if needed == self._filtering:
            return
        if needed:
            self._attach(table)
        else:
            self._filtering = False
            self._detach()
            _log.info("the flood from unknown senders is over; their datagrams are counted again")

    def _attach(self, table: ForwardingTable) -> None:
        """Accept only the peers of `table`, if the kernel takes the filter."""
        former, self._filtering = self._filtering, False
        try:
            program = bpf.accept_only({int(peer.public_ip) for peer in table.peers})
            udp_socket.attach_filter(self._transport, bpf.pack(program))
        except (bpf.TooManyPeersError, OSError) as error:
            if former:
                # The filter of the former table would drop datagrams of new peers.
                self._detach()
            if str(error) != self._problem:
                _log.warning("flood from unknown senders; cannot attach a filter: %s", error)
            self._problem = str(error)
            return
        self._filtering = True
        if not former:
            _log.warning(
                "flood from unknown senders: the kernel drops their datagrams and counts them as "
                "receive-queue-full"
            )

    def _detach(self) -> None:
        # ENOENT: there is no filter.
        with contextlib.suppress(OSError):
            udp_socket.detach_filter(self._transport)
