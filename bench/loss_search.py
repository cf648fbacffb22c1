# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finding the highest rate that a path carries with less than one datagram in a hundred lost."""

from __future__ import annotations

from collections.abc import Callable

from bench.iperf3 import Datagrams

BOUND = 0.01


def highest_rate(
    saturated: Datagrams, trials: int, measure: Callable[[float], Datagrams]
) -> float | None:
    """Return the highest rate received at a loss under BOUND, in datagrams a second.

    `saturated` is a test without a bound on the rate: its received rate is the first one offered,
    and half-way between the best known and the worst known each later one, `trials` in all. None
    if every trial lost more.
    """
    if saturated.loss < BOUND:
        return saturated.received_per_second
    best: float | None = None
    low, high = 0.0, saturated.sent_per_second
    offered = saturated.received_per_second
    for _ in range(trials):
        trial = measure(offered)
        if trial.loss < BOUND:
            low = offered
            best = max(best or 0.0, trial.received_per_second)
        else:
            high = offered
        offered = (low + high) / 2
    return best
