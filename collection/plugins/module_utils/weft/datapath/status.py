# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shape of the datapath's answer to `status`."""

from __future__ import annotations

from typing import Any, TypedDict


class PeerStatus(TypedDict):
    """One peer of the table, with the traffic since it entered."""

    subnet: str
    public_ip: str
    packets_in: int
    bytes_in: int
    packets_out: int
    bytes_out: int
    # Seconds since the epoch; null until a first datagram was accepted.
    last_heard: float | None


class CounterStatus(TypedDict):
    """The totals since the process started; `drops` by reason."""

    packets_in: int
    bytes_in: int
    packets_out: int
    bytes_out: int
    unreachables_sent: int
    unreachables_suppressed: int
    drops: dict[str, int]


class Status(TypedDict):
    """What runs, since when (seconds since the epoch), and what keeps it from running."""

    # As applied, in the form of `table.parse_table`; null before the first apply.
    table: dict[str, Any] | None
    pid: int
    # The processes that carry a queue each; none where there is one queue, carried by `pid`.
    workers: list[int]
    since: float
    # True while the device and the sockets are open.
    forwarding: bool
    # Why not, one sentence each.
    problems: list[str]
    # Of each offload that it is "active", or why it is not.
    offloads: dict[str, str]
    counters: CounterStatus
    peers: list[PeerStatus]
