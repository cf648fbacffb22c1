# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two operators do the same thing at the same time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from .conftest import Record
from .faulted_fleet import Fleet
from .health import await_health
from .invariants import FleetState
from .results import Result
from .traffic import pinging

pytestmark = pytest.mark.timeout(1800)

CHANGE = ("-e", "overlay_queues=2")


def test_two_controllers_run_site_at_once(fleet: Fleet, well: FleetState, record: Record) -> None:
    """Both bring the same change; each succeeds, or says why not and leaves nothing broken."""
    try:
        with pinging(fleet) as traffic, ThreadPoolExecutor(2) as controllers:
            runs = [controllers.submit(fleet.play, "site", *CHANGE) for _controller in (1, 2)]
            failed = [run.result() for run in runs if run.result().status != 0]
        assert len(failed) < 2, failed[0].output
        seen = "both succeed" if not failed else failed[0].output.strip()[-400:]
        healed = await_health(fleet, well, 60)
        again = fleet.play("site", *CHANGE)
        assert again.status == 0, again.output
        assert set(again.changed().values()) == {0}, again.output
    finally:
        fleet.converge()
    await_health(fleet, well, 60)
    record(
        Result(
            "two site.yml at once from two controllers, with a change",
            seen,
            traffic.worst,
            healed,
            note="the change restarts the agent and asks the datapath for a second queue; "
            "the next run changes nothing",
        )
    )
