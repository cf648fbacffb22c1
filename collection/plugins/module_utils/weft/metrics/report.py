# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the agent came to, and what the host says at the moment of a question, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..backends.plan import Plan
from ..datapath.process.status import Status as DatapathStatus
from ..host.status import Status
from ..kernel.device_counters import DeviceCounters


@dataclass(frozen=True, slots=True)
class Report:
    """The agent's last pass: when it ended (seconds of the epoch), how long it took in seconds.

    ended_monotonic is the end by the monotonic clock, which no correction of the time moves.
    """

    status: Status
    plan: Plan | None
    ended: float
    duration: float
    passes: int
    ended_monotonic: float


@dataclass(frozen=True, slots=True)
class Observation:
    """What the host said just now.

    datapath is the userspace datapath's answer, or why there is none. pending are the changes
    that the kernel would need to be as the plan says. counters are those of the overlay's devices.
    cpu_seconds and resident_bytes are what the agent has used and uses.
    """

    datapath: DatapathStatus | str | None = None
    pending: tuple[str, ...] = ()
    counters: Mapping[str, DeviceCounters] = field(default_factory=dict)
    cpu_seconds: float = 0.0
    resident_bytes: int = 0
