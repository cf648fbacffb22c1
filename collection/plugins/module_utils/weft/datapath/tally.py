# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the queues of one datapath counted, and the sum of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from .counters import Counters, Traffic
from .offloads import ACTIVE
from .table import Peer, PeerKey


@dataclass(frozen=True, slots=True)
class Tally:
    """The counts of one queue, or of several, and of each offload that it is active or why not."""

    counters: Counters = field(default_factory=Counters)
    traffic: Mapping[PeerKey, Traffic] = field(default_factory=dict)
    offloads: Mapping[str, str] = field(default_factory=dict)


def total(past: Tally, queues: Collection[Tally], peers: Iterable[Peer]) -> Tally:
    """Return the sum of what was counted before and by `queues`, and the traffic of `peers` only.

    An offload is active where it is so in every queue; without queues it is as in `past`.
    """
    parts = (past, *queues)
    return Tally(
        sum((part.counters for part in parts), Counters()),
        {
            key: sum((part.traffic[key] for part in parts if key in part.traffic), Traffic())
            for key in (peer.key for peer in peers)
        },
        _agreed([queue.offloads for queue in queues]) if queues else past.offloads,
    )


def _agreed(states: list[Mapping[str, str]]) -> Mapping[str, str]:
    return {
        offload: next((each[offload] for each in states if each[offload] != ACTIVE), ACTIVE)
        for offload in states[0]
    }
