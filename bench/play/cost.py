# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run cost, from its tasks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from bench.play.log import Task


@dataclass(frozen=True, slots=True)
class HostCost:
    """One host's share: tasks that ran for it and that it skipped; calls that it answered."""

    ran: int
    skipped: int
    modules: int
    round_trips: int


@dataclass(frozen=True, slots=True)
class Cost:
    """A run's cost. Seconds are the clock's; `cpu` is the controller's, in seconds."""

    hosts: int
    run: str
    seconds: float
    cpu: float
    load: float
    tasks: int
    # Results in which something changed, on all hosts.
    changed: int
    by_host: dict[str, HostCost]
    slowest: list[dict[str, Any]]

    @property
    def round_trips(self) -> int:
        """Of all hosts."""
        return sum(host.round_trips for host in self.by_host.values())

    @property
    def modules(self) -> int:
        """Of all hosts."""
        return sum(host.modules for host in self.by_host.values())

    def to_document(self) -> dict[str, Any]:
        """Return it as JSON values, with the sums."""
        return {**asdict(self), "modules": self.modules, "round_trips": self.round_trips}


def by_host(tasks: Iterable[Task], hosts: Iterable[str]) -> dict[str, HostCost]:
    """Count each host's share."""
    tasks = tuple(tasks)
    shares = {}
    for host in hosts:
        statuses = [status for task in tasks for name, status in task.results if name == host]
        skipped = statuses.count("skipped")
        shares[host] = HostCost(
            ran=len(statuses) - skipped,
            skipped=skipped,
            modules=sum(task.modules[host] for task in tasks),
            round_trips=sum(task.round_trips[host] for task in tasks),
        )
    return shares


def slowest(tasks: Sequence[Task], count: int = 10) -> list[dict[str, Any]]:
    """Name the tasks that took the longest, with what they called."""
    longest = sorted(tasks, key=lambda task: task.seconds, reverse=True)[:count]
    return [
        {
            "task": task.name,
            "seconds": round(task.seconds, 2),
            "ran": task.ran,
            "round_trips": task.round_trips.total(),
        }
        for task in longest
    ]
