# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Moves packets between the device and the socket, one bounded burst a wake and direction.

Nothing waits to fill a burst: what is there is carried, and the budget only keeps one direction
from starving the other and the control socket.
"""

from __future__ import annotations

from .counters import Counters
from .egress import Sender
from .forwarding import Forwarding
from .ingress import Receiver
from .offloads import Offloads
from .reporter import Reporter
from .sockets.packet_io import PacketIO
from .token_bucket import TokenBucket


class Forwarder:
    """Both directions of one device and one socket, by one table."""

    __slots__ = ("drain_device", "drain_transport")

    def __init__(
        self,
        forwarding: Forwarding,
        io: PacketIO,
        counters: Counters,
        unreachables: TokenBucket,
        offloads: Offloads,
    ) -> None:
        reporter = Reporter(io, counters, unreachables)
        self.drain_device = Sender(forwarding, io, counters, reporter, offloads).drain
        self.drain_transport = Receiver(forwarding, io, counters, offloads).drain
