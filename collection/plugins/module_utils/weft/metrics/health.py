# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the agent lives, and whether the host takes part in the overlay. No I/O."""

from __future__ import annotations

from .report import Observation, Report

# The agent makes a pass at least every 30 s; three that are missing are no accident.
STALE_AFTER = 90.0


def is_alive(report: Report | None, started: float, now: float) -> bool:
    """Whether the agent makes its passes; started and now in seconds of the monotonic clock."""
    return now - (report.ended_monotonic if report else started) <= STALE_AFTER


def unreadiness(report: Report | None, observed: Observation, now: float) -> list[str]:
    """Why the host is not ready, one sentence a reason; empty where it is.

    Ready is: a lease is held, the datapath carries, and the kernel holds what the store said. A
    store that is away since then does not count: the overlay goes on as it is. now is in seconds of
    the monotonic clock.
    """
    if report is None:
        return ["the agent has not finished its first pass"]
    status, plan = report.status, report.plan
    reasons = list(status.problems)
    if status.lease is None:
        reasons.append(status.summary())
    elif plan is None and not reasons:
        reasons.append("there is no plan for this host")
    age = now - report.ended_monotonic
    if age > STALE_AFTER:
        reasons.append(f"the agent's last pass was {age:.0f} s ago")
    if plan is not None and plan.datapath_table is not None:
        reasons += _datapath_reasons(plan.datapath_table, observed)
    return [*reasons, *observed.pending]


def _datapath_reasons(table: object, observed: Observation) -> list[str]:
    datapath = observed.datapath
    if datapath is None or isinstance(datapath, str):
        return [f"the datapath: {datapath or 'was not asked'}"]
    if not datapath["forwarding"]:
        return ["the datapath forwards nothing"]
    if datapath["table"] != table:
        return ["the datapath carries another table than the agent gave it"]
    return []
