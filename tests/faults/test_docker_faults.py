# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""dockerd comes and goes, and rewrites its firewall each time."""

from __future__ import annotations

import pytest

from .conftest import Record
from .faulted_fleet import Fleet
from .health import await_health
from .invariants import FleetState
from .results import Result
from .traffic import UNTOUCHED, pinging

pytestmark = pytest.mark.timeout(600)

RESTARTS = 5


def test_dockerd_restarts_in_a_loop(fleet: Fleet, well: FleetState, record: Record) -> None:
    with pinging(fleet, [(1, 2), (3, 1)]) as traffic:
        for _number in range(RESTARTS):
            # Debian's unit gives up after three starts a minute.
            fleet.on(2, "systemctl reset-failed docker.service; systemctl restart docker.service")
        seen = fleet.says(2)
        healed = await_health(fleet, well, 60)
    assert traffic.losses[3, 1].lost <= UNTOUCHED
    record(
        Result(
            f"dockerd restarted {RESTARTS} times in a row",
            seen,
            traffic.losses[1, 2],
            healed,
            note="dockerd stops its containers meanwhile; those of the other hosts lost "
            f"{traffic.losses[3, 1].lost} packets",
        )
    )
