# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The counters of the datapath, and their sum over the queues of a device."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from .compiled_table import Traffic
from .offloads import ACTIVE
from .policy import Drop
from .table import Peer, PeerKey


@dataclass(slots=True)
class Counters:
    """The totals since the datapath started."""

    packets_in: int = 0
    bytes_in: int = 0
    packets_out: int = 0
    bytes_out: int = 0
    unreachables_sent: int = 0
    unreachables_suppressed: int = 0
    drops: list[int] = field(default_factory=lambda: [0] * len(Drop))

    def __add__(self, other: Counters) -> Counters:
        return Counters(
            self.packets_in + other.packets_in,
            self.bytes_in + other.bytes_in,
            self.packets_out + other.packets_out,
            self.bytes_out + other.bytes_out,
            self.unreachables_sent + other.unreachables_sent,
            self.unreachables_suppressed + other.unreachables_suppressed,
            [one + another for one, another in zip(self.drops, other.drops, strict=True)],
        )

    def drops_by_reason(self) -> dict[str, int]:
        """Return the count of every reason, zeros included, so that no graph lacks a line."""
        return {reason.label: self.drops[reason] for reason in Drop}


@dataclass(frozen=True, slots=True)
class Statistics:
    """The counters of one queue or of several, and the state of each offload (`Offloads.status`).

    `traffic` has the counters of each peer.
    """

    counters: Counters = field(default_factory=Counters)
    traffic: Mapping[PeerKey, Traffic] = field(default_factory=dict)
    offloads: Mapping[str, str] = field(default_factory=dict)


def sum_statistics(
    past: Statistics, queues: Collection[Statistics], peers: Iterable[Peer]
) -> Statistics:
    """Return the sum of `past` and of `queues`, with the traffic of `peers` only.

    An offload is active if it is active in every queue; without queues its state is that of `past`.
    """
    parts = (past, *queues)
    return Statistics(
        sum((part.counters for part in parts), Counters()),
        {
            key: sum((part.traffic[key] for part in parts if key in part.traffic), Traffic())
            for key in (peer.key for peer in peers)
        },
        _common_states([queue.offloads for queue in queues]) if queues else past.offloads,
    )


def _common_states(states: list[Mapping[str, str]]) -> Mapping[str, str]:
    return {
        offload: next((each[offload] for each in states if each[offload] != ACTIVE), ACTIVE)
        for offload in states[0]
    }
