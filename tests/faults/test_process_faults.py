# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The two processes of the daemon are killed under load, again and again."""

from __future__ import annotations

import pytest

from .conftest import Record
from .faulted_fleet import Fleet
from .health import await_health
from .invariants import FleetState
from .results import Result
from .traffic import UNTOUCHED, Stream, pinging, streaming

pytestmark = [pytest.mark.timeout(600), pytest.mark.quick]

KILLED = (1, 2)
# Seconds without a packet while the datapath is started anew, on a machine that is busy.
LONGEST_RESTART = 20.0


def kill(fleet: Fleet, unit: str, number: int) -> str:
    """Kill a unit's processes on a host, and return what the host says then.

    systemd brings them back, which is waited for.
    """
    fleet.on(number, f"systemctl kill --signal=KILL {unit}")
    fleet.on(number, f"while systemctl is-active -q {unit}; do sleep 0.1; done")
    seen = fleet.says(number)
    fleet.on(number, f"until systemctl is-active -q {unit}; do sleep 0.1; done")
    return seen


def test_the_agent_killed_under_load(fleet: Fleet, well: FleetState, record: Record) -> None:
    with pinging(fleet) as traffic, streaming(fleet, 1, 2) as stream:
        seen = [kill(fleet, "weftd.service", number) for number in KILLED]
    healed = await_health(fleet, well, 60)
    assert stream.ended_in_order
    assert traffic.worst.lost <= UNTOUCHED
    record(
        Result(
            "the agent killed under load, on one host after the other",
            seen[0],
            traffic.worst,
            healed,
            note=f"the TCP connection between them lived on, {pause_of(stream)}",
        )
    )


@pytest.mark.parametrize("number", KILLED, ids=["sender", "receiver"])
def test_the_datapath_killed_under_load(
    fleet: Fleet, well: FleetState, record: Record, number: int
) -> None:
    with pinging(fleet) as traffic, streaming(fleet, 1, 2) as stream:
        seen = kill(fleet, "weft-datapath.service", number)
    healed = await_health(fleet, well, 60)
    assert stream.ended_in_order
    assert traffic.worst.longest < LONGEST_RESTART
    role = "sending" if number == KILLED[0] else "receiving"
    record(
        Result(
            f"the userspace datapath of the {role} host killed under load",
            seen,
            traffic.worst,
            healed,
            note=f"the TCP connection lived on, {pause_of(stream)}: TCP tries again after pauses "
            "that double",
        )
    )


def pause_of(stream: Stream) -> str:
    return f"with a longest pause of {stream.longest_pause:.2f} s"
