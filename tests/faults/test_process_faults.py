# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The two processes of the daemon are killed under load, again and again."""

from __future__ import annotations

import time

import pytest

from .conftest import Record
from .faulted_fleet import Fleet
from .health import await_health
from .invariants import FleetState
from .results import Result
from .traffic import pinging, streaming

pytestmark = [pytest.mark.timeout(600), pytest.mark.quick]

KILLED = (1, 2, 1)


def kill(fleet: Fleet, unit: str) -> str:
    """Kill a unit's processes on one host after the other; return what the last one said then.

    systemd brings them back.
    """
    seen = ""
    for number in KILLED:
        fleet.on(number, f"systemctl kill --signal=KILL {unit}")
        fleet.on(number, f"while systemctl is-active -q {unit}; do sleep 0.1; done")
        seen = fleet.says(number)
        fleet.on(number, f"until systemctl is-active -q {unit}; do sleep 0.1; done")
        # Each kill hits streams that have recovered from the one before.
        time.sleep(3)
    return seen


def test_the_agent_killed_under_load(fleet: Fleet, well: FleetState, record: Record) -> None:
    with pinging(fleet) as traffic, streaming(fleet, 1, 2) as stream:
        seen = kill(fleet, "weftd.service")
    healed = await_health(fleet, well, 30)
    assert stream.ended_in_order
    assert traffic.worst.lost <= 5
    record(
        Result(
            f"the agent killed {len(KILLED)} times under load",
            seen,
            traffic.worst,
            healed,
            note=f"a TCP connection lived on, its longest pause {stream.longest_pause:.2f} s",
        )
    )


def test_the_datapath_killed_under_load(fleet: Fleet, well: FleetState, record: Record) -> None:
    with pinging(fleet) as traffic, streaming(fleet, 1, 2) as stream:
        seen = kill(fleet, "weft-datapath.service")
    healed = await_health(fleet, well, 30)
    assert stream.ended_in_order
    assert traffic.worst.longest < 20
    record(
        Result(
            f"the userspace datapath killed {len(KILLED)} times under load",
            seen,
            traffic.worst,
            healed,
            note=f"a TCP connection lived on, its longest pause {stream.longest_pause:.2f} s",
        )
    )
