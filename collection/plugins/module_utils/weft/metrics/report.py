# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The agent's last pass, and the state of the host at the time of a request, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..backends.plan import Plan
from ..datapath.process.status import Status as DatapathStatus
from ..host.status import Status
from ..kernel.device_counters import DeviceCounters


@dataclass(frozen=True, slots=True)
class Report:
    """The agent's last pass; ended in seconds of the epoch, duration in seconds.

    ended_monotonic: the end by the monotonic clock, which no correction of the time changes.
    """

    status: Status
    plan: Plan | None
    ended: float
    duration: float
    passes: int
    ended_monotonic: float


@dataclass(frozen=True, slots=True)
class Observation:
    """The state of the host at the time of a request.

    datapath: the status of the userspace datapath, or why it is unreachable. pending: the changes
    from the actual to the desired state of the kernel. counters: those of the overlay's devices.
    cpu_seconds and resident_bytes: CPU time and memory of the agent.
    """

    datapath: DatapathStatus | str | None = None
    pending: tuple[str, ...] = ()
    counters: Mapping[str, DeviceCounters] = field(default_factory=dict)
    cpu_seconds: float = 0.0
    resident_bytes: int = 0
