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

KILLS = 3


def kill(fleet: Fleet, unit: str) -> None:
    """Kill a unit's processes on hosts 1 and 2 in turn; systemd brings them back."""
    for number in (1, 2, 1)[:KILLS]:
        fleet.on(number, f"systemctl kill --signal=KILL {unit}")
        time.sleep(5)


def test_the_agent_killed_under_load(fleet: Fleet, well: FleetState, record: Record) -> None:
    with pinging(fleet) as traffic, streaming(fleet, 1, 2) as stream:
        kill(fleet, "weftd.service")
        seen = fleet.says(1)
    healed = await_health(fleet, well, 30)
    assert stream.ended_in_order
    assert traffic.worst.lost <= 5
    record(
        Result(
            f"the agent killed {KILLS} times under load",
            seen,
            traffic.worst,
            healed,
            note=f"a TCP connection lived on, its longest pause {stream.longest_pause:.2f} s",
        )
    )


def test_the_datapath_killed_under_load(fleet: Fleet, well: FleetState, record: Record) -> None:
    with pinging(fleet) as traffic, streaming(fleet, 1, 2) as stream:
        kill(fleet, "weft-datapath.service")
        seen = fleet.says(1)
    healed = await_health(fleet, well, 30)
    assert stream.ended_in_order
    assert traffic.worst.longest < 10
    record(
        Result(
            f"the userspace datapath killed {KILLS} times under load",
            seen,
            traffic.worst,
            healed,
            note=f"a TCP connection lived on, its longest pause {stream.longest_pause:.2f} s",
        )
    )
