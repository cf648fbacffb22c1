# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The processor time that hosts of the lab consume.

A host's processes are one control group, whose time includes the softirqs that its own sends and
receives run. What the kernel defers to its ksoftirqd threads is of no group and is added; on a
machine with other traffic at the same time it includes theirs. See "cpu.stat" in
Documentation/admin-guide/cgroup-v2.rst and Documentation/scheduler/sched-stats.rst of the kernel.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from bench.errors import BenchError
from lab.cgroup import Group
from lab.settings import Host


def seconds(hosts: Iterable[Host]) -> float:
    """Return what these hosts and the kernel on their behalf have consumed so far."""
    groups = sum(
        parse_usage((Group.of_host(host.lab_name, host.name).path / "cpu.stat").read_text())
        for host in hosts
    )
    return groups + sum(parse_schedstat(path.read_text()) for path in _ksoftirqd())


def parse_usage(text: str) -> float:
    """Read the seconds from a cpu.stat, which has them in microseconds."""
    for line in text.splitlines():
        name, _, value = line.partition(" ")
        if name == "usage_usec":
            return int(value) / 1e6
    raise BenchError(f"cpu.stat has no usage_usec: {text!r}")


def parse_schedstat(text: str) -> float:
    """Read the seconds on the processor from a /proc/PID/schedstat, whose first is nanoseconds."""
    return int(text.split(maxsplit=1)[0]) / 1e9


def _ksoftirqd() -> list[Path]:
    threads = []
    for name in Path("/proc").glob("[0-9]*/comm"):
        try:
            if name.read_text().startswith("ksoftirqd/"):
                threads.append(name.with_name("schedstat"))
        except (FileNotFoundError, ProcessLookupError):
            continue
    return threads
