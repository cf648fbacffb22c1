# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Liveness of the agent and readiness of the host. No I/O."""

from __future__ import annotations

from .report import Observation, Report

# Seconds: three times the longest interval between two passes.
STALE_AFTER = 90.0


def is_alive(report: Report | None, started: float, now: float) -> bool:
    """Return whether the agent reconciles; started and now in seconds of the monotonic clock."""
    return now - (report.ended_monotonic if report else started) <= STALE_AFTER


def unready_reasons(report: Report | None, observed: Observation, now: float) -> list[str]:
    """Return why the host is not ready, one sentence per reason; empty if it is ready.

    Ready: the host has a lease, the datapath forwards packets, and the kernel has the desired
    state. An unreachable etcd is no reason: the overlay continues with the last known leases. now
    in seconds of the monotonic clock.
    """
    if report is None:
        return ["the agent has not finished its first pass"]
    status, plan = report.status, report.plan
    reasons = list(status.problems)
    if status.lease is None:
        reasons.append(status.summary())
    elif plan is None and not reasons:
        reasons.append("the desired state of this host is unknown")
    age = now - report.ended_monotonic
    if age > STALE_AFTER:
        reasons.append(f"the last pass of the agent ended {age:.0f} s ago")
    if plan is not None and plan.datapath_table is not None:
        reasons += _datapath_reasons(plan.datapath_table, observed)
    return [*reasons, *observed.pending]


def _datapath_reasons(table: object, observed: Observation) -> list[str]:
    datapath = observed.datapath
    if datapath is None or isinstance(datapath, str):
        return [f"the datapath: {datapath or 'status not read'}"]
    if not datapath["forwarding"]:
        return ["the datapath does not forward packets"]
    if datapath["table"] != table:
        return ["the datapath has another table than the agent sent"]
    return []
