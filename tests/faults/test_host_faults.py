# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts lose their power, or their disk's last byte."""

from __future__ import annotations

import time

import pytest

from tests.waiting import eventually

from . import faults
from .conftest import Record
from .faulted_fleet import Fleet
from .health import await_health
from .invariants import FleetState
from .results import Result
from .traffic import UNTOUCHED, pinging

pytestmark = pytest.mark.timeout(900)

# Seconds between two hosts that are switched on one after the other.
STAGGER = 5.0


def test_a_host_crashes(fleet: Fleet, well: FleetState, record: Record) -> None:
    with pinging(fleet, [(1, 2), (3, 1)]) as traffic:
        with faults.powered_off(fleet, 2):
            time.sleep(5)
            seen = fleet.says(1)
            begun = time.monotonic()
        await_health(fleet, well, 120)
        healed = time.monotonic() - begun
    assert traffic.losses[3, 1].lost <= UNTOUCHED
    record(
        Result(
            "a host without power for 5 s",
            seen,
            traffic.losses[1, 2],
            healed,
            note="from power to a container that answers; the other hosts lost "
            f"{traffic.losses[3, 1].lost} packets",
        )
    )


@pytest.mark.parametrize("order", [(3, 1, 2), (2, 3, 1)])
def test_the_whole_fleet_starts_cold(
    fleet: Fleet, well: FleetState, record: Record, order: tuple[int, ...]
) -> None:
    with faults.all_powered_off(fleet):
        begun = time.monotonic()
        for number in order:
            faults.power_on(fleet, number)
            time.sleep(STAGGER)
        seen = eventually(
            lambda: anything_said(fleet, order[0]),
            "the first host reports a problem",
            60,
            pause=0.5,
        )
        await_health(fleet, well, 240)
        healed = time.monotonic() - begun
    names = ", ".join(fleet.host(number).name for number in order)
    record(
        Result(
            f"all hosts without power, then {names} on, {STAGGER:.0f} s apart",
            seen,
            None,
            healed,
            note="from the first host's power",
        )
    )


def anything_said(fleet: Fleet, number: int) -> str:
    """What a host says once it can be asked."""
    try:
        return fleet.says(number)
    except AssertionError:
        return ""


def test_a_full_disk(fleet: Fleet, well: FleetState, record: Record) -> None:
    settings = "/etc/weft/weftd.json"
    with faults.small_disk(fleet, 2), pinging(fleet) as traffic:
        await_health(fleet, well, 90)
        before = fleet.on(2, f"cat {settings}")
        with faults.full_disk(fleet, 2):
            fleet.on(2, "systemctl restart weftd.service")
            with faults.stranger(fleet):
                eventually(lambda: fleet.peers(2) == 3, "host 2 has 3 peers", 60, pause=0.5)
            play = fleet.play(
                "site",
                *("--limit", fleet.host(2).name, "--tags", "overlay_configure"),
                *("-e", "overlay_queues=2"),
            )
            assert play.status != 0
            assert "No space left on device" in play.output
            assert fleet.on(2, f"cat {settings}") == before
            logged = fleet.on(
                2,
                "journalctl --no-pager --output=cat --unit=weftd"
                " | grep 'cannot write the snapshot file' | tail -n 1",
            )
            seen = fleet.says(2)
        healed = await_health(fleet, well, 90)
    await_health(fleet, well, 90)
    assert traffic.worst.lost <= UNTOUCHED
    record(
        Result(
            "a full disk, the agent restarted on it, and site.yml run against it",
            f"{seen}; in the journal: {logged.strip()}",
            traffic.worst,
            healed,
            note="a lease written then was followed; site.yml fails with 'No space left on "
            "device', and leaves the settings whole",
        )
    )
