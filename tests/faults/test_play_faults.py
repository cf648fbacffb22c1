# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two operators do the same thing at the same time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from tests.waiting import eventually

from .conftest import Record
from .faulted_fleet import STORE_PREFIX, Fleet
from .health import await_health
from .invariants import FleetState
from .results import Result
from .traffic import UNTOUCHED, pinging

pytestmark = pytest.mark.timeout(1800)


def test_two_controllers_run_site_at_once(
    fleet: Fleet, well: FleetState, record: Record, tmp_path: Path
) -> None:
    """A reservation and settings are missing, so that both runs have to restore them."""
    fleet.on_each("rm /etc/weft/weftd.json")
    fleet.etcdctl("del", f"{STORE_PREFIX}/subnets/100.96.3.0-24")
    with pinging(fleet, [(1, 2)]) as traffic, ThreadPoolExecutor(2) as controllers:
        running = []
        for name in ("one", "two"):
            controller = replace(fleet, folder=tmp_path / name)
            controller.folder.mkdir()
            running.append(controllers.submit(controller.play, "site"))
        seen = eventually(lambda: problem_said(fleet), "a host reports a problem", 60, pause=0.5)
        failed = [run.result() for run in running if run.result().status != 0]
    assert len(failed) < len(running), failed[0].output
    for run in failed:
        assert "Another client wrote" in run.output or "Could not get lock" in run.output
    healed = await_health(fleet, well, 60)
    again = fleet.play("site")
    assert again.status == 0, again.output
    assert set(again.changed().values()) == {0}, again.output
    assert traffic.worst.lost <= UNTOUCHED
    record(
        Result(
            "two site.yml at once from two controllers, after a reservation and settings were lost",
            seen,
            traffic.worst,
            healed,
            healed_by="`ansible-playbook site.yml`, twice at once",
            note=f"{len(running) - len(failed)} of {len(running)} plays succeeded; the next one "
            "changed nothing; seconds after both had ended",
        )
    )


def problem_said(fleet: Fleet) -> str:
    said = fleet.says(3)
    # While the agent starts, weftctl has nothing to show but that.
    return said if "PROBLEM" in said and "systemctl status weftd" not in said else ""
