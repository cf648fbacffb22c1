# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The costs as tables for the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bench.play.cost import Cost
from bench.play.log import Task

_COLUMNS = (
    *("hosts", "run", "tasks", "ran", "skipped", "changed", "modules", "round trips"),
    *("s", "cpu s", "load"),
)


def table(costs: Iterable[Cost]) -> str:
    """Lay out a line a run; ran, skipped, modules and round trips are sums over all hosts."""
    lines = ["".join(f"{column:>12}" for column in _COLUMNS)]
    for cost in costs:
        shares = cost.by_host.values()
        cells = (
            *(cost.hosts, cost.run, cost.tasks),
            sum(share.ran for share in shares),
            sum(share.skipped for share in shares),
            *(cost.changed, cost.modules, cost.round_trips, cost.seconds, cost.cpu, cost.load),
        )
        lines.append("".join(f"{cell!s:>12}" for cell in cells))
    return "\n".join(lines)


def tasks(done: Sequence[Task]) -> str:
    """Lay out a line a task, in the order of the run."""
    lines = [f"{'s':>7}{'ran':>5}{'skipped':>9}{'calls':>7}  task"]
    for task in done:
        skipped = len(task.results) - task.ran
        calls = task.round_trips.total()
        lines.append(
            f"{task.seconds:7.2f}{task.ran:5}{skipped:9}{calls:7}  {task.name}  ({task.action})"
        )
    return "\n".join(lines)
