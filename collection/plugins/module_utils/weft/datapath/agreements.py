# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which peers take partial checksums by their table, but may not have heard of it themselves.

A peer takes them as soon as its own table says so, and the tables of two hosts change one after the
other. So what a table allows anew is taken at once and given only later: no packet comes unfinished
to a host that would not finish it. What the first table allows is not new: a process that starts
anew, or with another socket, changes nothing for the peers.
"""

from __future__ import annotations

from .table import ForwardingTable, Peer

# Seconds. The agents hear of a lease by the same event, and look 0.25 s after the last look at the
# latest; the rest is for hosts that are busy.
HEARING = 2.0


class Agreements:
    """The peers of the table in force that are spared partial checksums, each until a time."""

    __slots__ = ("_agreed", "_until")

    def __init__(self, table: ForwardingTable) -> None:
        self._agreed = _takers(table)
        self._until: dict[Peer, float] = {}

    def follow(self, table: ForwardingTable, now: float) -> None:
        """Spare those whom `table` allows anew from `now` on, in seconds of the monotonic clock."""
        former, self._agreed = self._agreed, _takers(table)
        for peer in self._agreed - former:
            self._until[peer] = now + HEARING
        for peer in self._until.keys() - self._agreed:
            del self._until[peer]

    def settle(self, now: float) -> bool:
        """Spare those no longer whose time has come; return whether there were any."""
        heard = [peer for peer, until in self._until.items() if now >= until]
        for peer in heard:
            del self._until[peer]
        return bool(heard)

    @property
    def spared(self) -> frozenset[Peer]:
        """Who gets whole checksums for now."""
        return frozenset(self._until)


def _takers(table: ForwardingTable) -> frozenset[Peer]:
    return frozenset(peer for peer in table.peers if peer.partial_checksum)
