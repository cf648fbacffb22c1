# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The JSON form of the datapath's status, and of the counters in it, in both directions."""

from __future__ import annotations

from typing import Any, TypedDict

from ..compiled_table import Traffic
from ..policy import Drop
from ..statistics import Counters
from ..table import Peer


class PeerStatus(TypedDict):
    """One peer of the table, with the traffic since it was added."""

    subnet: str
    public_ip: str
    packets_in: int
    bytes_in: int
    packets_out: int
    bytes_out: int
    # Seconds since the epoch; null until a first datagram was accepted.
    last_heard: float | None


class CounterStatus(TypedDict):
    """The totals since the datapath started; `drops` by reason."""

    packets_in: int
    bytes_in: int
    packets_out: int
    bytes_out: int
    unreachables_sent: int
    unreachables_suppressed: int
    drops: dict[str, int]


class Status(TypedDict):
    """The status of the datapath; `since` is the start in seconds since the epoch.

    A handover to a new process changes `pid` and `workers`, but neither `since` nor a counter.
    """

    # As applied, in the form of `table.parse_table`; null before the first apply.
    table: dict[str, Any] | None
    pid: int
    # The processes of the queues; empty if there is one queue, which runs in the process `pid`.
    workers: list[int]
    since: float
    # True while the device and the sockets are open.
    forwarding: bool
    # The reasons if not, one sentence each.
    problems: list[str]
    # For each offload "active", or the reason why it is not.
    offloads: dict[str, str]
    counters: CounterStatus
    peers: list[PeerStatus]


def counter_status(counters: Counters) -> CounterStatus:
    """Return the totals as JSON values."""
    return {
        "packets_in": counters.packets_in,
        "bytes_in": counters.bytes_in,
        "packets_out": counters.packets_out,
        "bytes_out": counters.bytes_out,
        "unreachables_sent": counters.unreachables_sent,
        "unreachables_suppressed": counters.unreachables_suppressed,
        "drops": counters.drops_by_reason(),
    }


def parse_counters(status: CounterStatus) -> Counters:
    """Return the totals of a status; reasons of another release are ignored."""
    drops = status["drops"]
    return Counters(
        status["packets_in"],
        status["bytes_in"],
        status["packets_out"],
        status["bytes_out"],
        status["unreachables_sent"],
        status["unreachables_suppressed"],
        [drops.get(reason.label, 0) for reason in Drop],
    )


def peer_status(peer: Peer, traffic: Traffic) -> PeerStatus:
    """Return a peer and its traffic as JSON values."""
    return {
        "subnet": str(peer.subnet),
        "public_ip": str(peer.public_ip),
        "packets_in": traffic.packets_in,
        "bytes_in": traffic.bytes_in,
        "packets_out": traffic.packets_out,
        "bytes_out": traffic.bytes_out,
        "last_heard": traffic.last_heard,
    }


def parse_traffic(status: PeerStatus) -> Traffic:
    """Return the traffic of a peer's status."""
    return Traffic(
        status["packets_in"],
        status["bytes_in"],
        status["packets_out"],
        status["bytes_out"],
        status["last_heard"],
    )
