# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""etcd fails, in part or whole; traffic does not depend on it."""

from __future__ import annotations

import contextlib
import json
import os
import time

import pytest

from tests.waiting import eventually

from . import faults
from .conftest import Record
from .faulted_fleet import HOSTS, Fleet
from .health import await_health
from .invariants import FleetState
from .results import Result
from .traffic import UNTOUCHED, pinging

pytestmark = pytest.mark.timeout(900)

ETCD = "etcd.service"
# Seconds for which etcd is stopped.
OUTAGE = float(os.environ.get("WEFT_FAULTS_OUTAGE", "120"))


def test_etcd_stopped_for_minutes(fleet: Fleet, well: FleetState, record: Record) -> None:
    with pinging(fleet) as traffic:
        with faults.stopped(fleet, ETCD):
            gone = time.monotonic()
            seen = eventually(
                lambda: says_unreachable(fleet),
                "etcd is unreachable",
                40,
                pause=0.5,
            )
            # Without a store, from what it keeps on the disk.
            fleet.on(2, "systemctl restart weftd.service")
            join = fleet.play("site", "--limit", fleet.host(3).name, "--tags", "reserve")
            assert join.status != 0
            assert "etcd unreachable: no endpoint answered within 5 s" in " ".join(
                join.output.split()
            )
            time.sleep(max(0.0, gone + OUTAGE - time.monotonic()))
        healed = await_health(fleet, well, 90)
    join = fleet.play("site", "--limit", fleet.host(3).name, "--tags", "reserve")
    assert join.status == 0, join.output
    assert traffic.worst.lost <= UNTOUCHED
    record(
        Result(
            f"all of etcd stopped for {OUTAGE:.0f} s, and an agent restarted meanwhile",
            seen,
            traffic.worst,
            healed,
            note="meanwhile, site.yml fails to add a host; the next run succeeds",
        )
    )


def says_unreachable(fleet: Fleet) -> str:
    said = fleet.says(1)
    return said if "unreachable: " in said else ""


@pytest.mark.quick
def test_one_member_of_three_dead(fleet: Fleet, well: FleetState, record: Record) -> None:
    others = (2, 3)
    with pinging(fleet) as traffic:
        with faults.dead(fleet, ETCD, hosts=(1,)):
            killed = time.monotonic()
            with faults.stranger(fleet, others):
                eventually(
                    lambda: all(fleet.peers(number) == 3 for number in HOSTS),
                    "every agent has 3 peers",
                    60,
                    pause=0.5,
                )
                followed = time.monotonic() - killed
            seen = fleet.says(1)
        healed = await_health(fleet, well, 60)
    assert traffic.worst.lost <= UNTOUCHED
    record(
        Result(
            "one of three members of etcd dead",
            seen,
            traffic.worst,
            healed,
            note=f"a lease written then was followed by every host {followed:.0f} s after the kill",
        )
    )


def test_majority_of_members_dead(fleet: Fleet, well: FleetState, record: Record) -> None:
    with pinging(fleet) as traffic:
        with faults.dead(fleet, ETCD, hosts=(2, 3)):
            seen = eventually(
                lambda: says_unreachable(fleet),
                "etcd is unreachable",
                60,
                pause=0.5,
            )
        healed = await_health(fleet, well, 90)
    assert traffic.worst.lost <= UNTOUCHED
    record(Result("two of three members of etcd dead", seen, traffic.worst, healed))


def test_majority_lost_for_good(fleet: Fleet, well: FleetState, record: Record) -> None:
    with pinging(fleet) as traffic:
        with faults.members_lost(fleet, hosts=(2, 3)):
            seen = eventually(
                lambda: says_unreachable(fleet),
                "etcd is unreachable",
                60,
                pause=0.5,
            )
            begun = time.monotonic()
            saved = fleet.play("backup")
            assert saved.status == 0, saved.output
            (backup,) = (fleet.folder / "backup").iterdir()
            restored = fleet.play(
                "restore",
                *("-e", "restore_from=snapshot", "-e", f"restore_backup={backup}"),
                *("-e", json.dumps({"weft_confirm": f"restore {backup.name}"})),
            )
            assert restored.status == 0, restored.output
        await_health(fleet, well, 90)
        healed = time.monotonic() - begun
    assert traffic.worst.lost <= UNTOUCHED
    record(
        Result(
            "two of three members of etcd lost permanently, with their data",
            seen,
            traffic.worst,
            healed,
            healed_by="`ansible-playbook backup.yml`, then `restore.yml`",
            note="from the snapshot of the member that is left; from the first command",
        )
    )


def test_compaction_while_an_agent_is_cut_off(
    fleet: Fleet, well: FleetState, record: Record
) -> None:
    others = (1, 2)
    # Without the member beside it, the agent has to ask those that have compacted.
    with faults.dead(fleet, ETCD, hosts=(3,)), pinging(fleet, [(1, 2)]) as traffic:
        since = fleet.on(3, "date +%s").strip()
        with contextlib.ExitStack() as written:
            with faults.cut_off(fleet, 3):
                written.enter_context(faults.stranger(fleet, others))
                stored = fleet.etcdctl("get", "config", "--write-out=json", members=others)
                revision = json.loads(stored)["header"]["revision"]
                fleet.etcdctl("compact", str(revision), members=others)
                # The stream of the cut agent must have broken: its keepalive takes 20 s.
                time.sleep(25)
            eventually(lambda: fleet.peers(3) == 3, "host 3 has 3 peers", 60, pause=0.5)
            journal = f"journalctl --no-pager --output=cat --unit=weftd --since=@{since}"
            seen = fleet.on(3, f"{journal} | grep -m1 'etcd unreachable'").strip()
    healed = await_health(fleet, well, 60)
    assert traffic.worst.lost <= UNTOUCHED
    record(Result("the store compacted while an agent was cut off", seen, traffic.worst, healed))
