# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ICMP errors about packets read from the device, to the hosts that sent them, within a rate."""

from __future__ import annotations

import time

from .counters import Counters, Drop
from .sockets.packet_io import PacketIO, write_drop
from .token_bucket import TokenBucket
from .wire import icmp, ipv4
from .wire.virtio_net import PLAIN

_UNREACHABLE = {
    Drop.NO_ROUTE: icmp.Unreachable.NET,
    Drop.OWN_SUBNET: icmp.Unreachable.HOST,
    Drop.TOO_BIG: icmp.Unreachable.FRAGMENTATION_NEEDED,
}


class Reporter:
    """Counts drops, and tells the sender where a host would be told."""

    __slots__ = ("_counters", "_io", "_limit")

    def __init__(self, io: PacketIO, counters: Counters, limit: TokenBucket) -> None:
        self._io = io
        self._counters = counters
        self._limit = limit

    def refuse(self, packet: ipv4.Packet, reason: Drop, mtu: int = 0) -> None:
        """Drop `packet` for `reason`, with an ICMP error where that is due.

        `mtu` is what the path takes, in bytes, where the packet was too big.
        """
        counters = self._counters
        counters.drops[reason] += 1
        code = _UNREACHABLE.get(reason)
        if code is None or not icmp.may_report(packet):
            return
        if not self._limit.take(time.monotonic()):
            counters.unreachables_suppressed += 1
            return
        try:
            self._io.write([PLAIN, icmp.destination_unreachable(packet, code, mtu)])
        except OSError as error:
            counters.drops[write_drop(error)] += 1
            return
        counters.unreachables_sent += 1
