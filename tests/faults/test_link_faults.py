# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the underlay does to a host."""

from __future__ import annotations

import json
import time

import pytest

from . import faults
from .conftest import Record
from .faulted_fleet import Fleet
from .health import await_health
from .invariants import FleetState
from .results import Result
from .traffic import UNTOUCHED, pinging, streaming

pytestmark = [pytest.mark.timeout(600), pytest.mark.quick]

CUT = 10.0
JUNK_RATE = 10_000
JUNK_SECONDS = 10
PORTS = {"udp": 8285, "vxlan": 8472, "host-gw": 8285}


def test_a_cut_link_that_is_restored(fleet: Fleet, well: FleetState, record: Record) -> None:
    with pinging(fleet) as traffic:
        with faults.cut_off(fleet, 2):
            time.sleep(CUT)
            # The neighbours cannot know: they carry on, and the packets find nobody.
            seen = fleet.says(1)
        healed = await_health(fleet, well, 60)
    untouched = traffic.losses[3, 1]
    assert untouched.lost <= UNTOUCHED
    assert traffic.worst.longest < CUT + 15
    record(Result(f"a host's link cut for {CUT:.0f} s", seen, traffic.worst, healed))


def test_junk_at_the_port(fleet: Fleet, well: FleetState, record: Record) -> None:
    count = JUNK_RATE * JUNK_SECONDS
    target, port = fleet.address(1), PORTS[fleet.backend]
    with pinging(fleet) as traffic, streaming(fleet, 2, 1) as stream:
        command = f"python3 - {target} {port} {JUNK_RATE} {count}"
        rate = float(fleet.on(3, command, fleet.script("junk")))
        seen = fleet.says(1)
    healed = await_health(fleet, well, 30)
    status = json.loads(fleet.on(1, "weftctl status --json || true"))
    drops = status["datapath"]["counters"]["drops"]
    assert stream.ended_in_order
    assert stream.bytes > 0
    assert traffic.worst.lost <= traffic.worst.sent * 0.01
    record(
        Result(
            f"{count:,} packets of junk at the datapath's port, {rate:,.0f} a second",
            seen,
            traffic.worst,
            healed,
            note="dropped by reason: "
            + ", ".join(f"{what} {drops[what]}" for what in drops if drops[what] > 1000),
        )
    )
