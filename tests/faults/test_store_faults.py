# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The store goes away, in part or whole; packets never ask it."""

from __future__ import annotations

import json
import os
import time

import pytest

from . import faults
from .conftest import Record
from .faulted_fleet import STORE_PREFIX, Fleet
from .health import await_health
from .invariants import FleetState
from .results import Result
from .traffic import UNTOUCHED, pinging
from .waiting import eventually

pytestmark = pytest.mark.timeout(900)

ETCD = "etcd.service"
# Seconds that the store stays away.
OUTAGE = float(os.environ.get("WEFT_FAULTS_OUTAGE", "120"))
# A lease of a host that is none of the fleet's, in flannel's form.
STRANGERS_KEY = f"{STORE_PREFIX}/subnets/100.96.99.0-24"
STRANGERS_LEASE = json.dumps({"PublicIP": "10.175.0.99", "PublicIPv6": None})


def carries(fleet: Fleet, number: int, subnet: str) -> bool:
    """Whether a host's agent counts a subnet among its peers'."""
    leases = json.loads(fleet.on(number, "weftctl leases --json"))
    return subnet in {lease["subnet"] for lease in leases}


def peers(fleet: Fleet, number: int) -> int:
    return int(json.loads(fleet.on(number, "weftctl status --json"))["agent"]["peers"])


def test_store_away_for_minutes(fleet: Fleet, well: FleetState, record: Record) -> None:
    with pinging(fleet) as traffic:
        with faults.stopped(fleet, ETCD):
            gone = time.monotonic()
            seen = eventually(lambda: says_away(fleet), within=40)
            # Without a store, from what it keeps on the disk.
            fleet.on(2, "systemctl restart weftd.service")
            join = fleet.play("site", "--limit", fleet.host(3).name, "--tags", "reserve")
            assert join.status != 0
            assert "No endpoint of the store answered within 5 s" in " ".join(join.output.split())
            time.sleep(max(0.0, gone + OUTAGE - time.monotonic()))
        healed = await_health(fleet, well, 90)
    join = fleet.play("site", "--limit", fleet.host(3).name, "--tags", "reserve")
    assert join.status == 0, join.output
    assert traffic.worst.lost <= UNTOUCHED
    record(
        Result(
            f"all of etcd away for {OUTAGE:.0f} s, and an agent restarted meanwhile",
            seen,
            traffic.worst,
            healed,
            note="a host that joins is told so, and joins when site.yml is run once more",
        )
    )


def says_away(fleet: Fleet) -> str:
    said = fleet.says(1)
    return said if "away: " in said else ""


@pytest.mark.quick
def test_one_member_of_three_dead(fleet: Fleet, well: FleetState, record: Record) -> None:
    others = (2, 3)
    with pinging(fleet) as traffic:
        with faults.dead(fleet, ETCD, hosts=(1,)):
            killed = time.monotonic()
            try:
                fleet.etcdctl("put", STRANGERS_KEY, STRANGERS_LEASE, members=others)
                eventually(lambda: all(peers(fleet, number) == 3 for number in (1, 2, 3)), 60)
                followed = time.monotonic() - killed
            finally:
                fleet.etcdctl("del", STRANGERS_KEY, members=others)
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
            seen = eventually(lambda: says_away(fleet), within=60)
        healed = await_health(fleet, well, 90)
    assert traffic.worst.lost <= UNTOUCHED
    record(Result("two of three members of etcd dead", seen, traffic.worst, healed))


def test_compaction_while_an_agent_is_cut_off(
    fleet: Fleet, well: FleetState, record: Record
) -> None:
    others = (1, 2)
    try:
        # Without the member beside it, the agent has to ask those that have compacted.
        with faults.dead(fleet, ETCD, hosts=(3,)), pinging(fleet, [(1, 2)]) as traffic:
            fleet.on(3, "date +%s >/run/faults-since")
            with faults.cut_off(fleet, 3):
                fleet.etcdctl("put", STRANGERS_KEY, STRANGERS_LEASE, members=others)
                fleet.etcdctl("del", STRANGERS_KEY, members=others)
                written = fleet.etcdctl(
                    "put", STRANGERS_KEY, STRANGERS_LEASE, "--write-out=json", members=others
                )
                fleet.etcdctl(
                    "compact", str(json.loads(written)["header"]["revision"]), members=others
                )
                # The stream of the cut agent must have broken: its keepalive takes 20 s.
                time.sleep(25)
            eventually(lambda: peers(fleet, 3) == 3, 60)
            seen = fleet.on(
                3,
                "journalctl --no-pager --output=cat --unit=weftd "
                '--since="@$(cat /run/faults-since)" | grep -m1 "store is away"',
            ).strip()
    finally:
        fleet.on(3, "rm -f /run/faults-since")
        fleet.etcdctl("del", STRANGERS_KEY, members=others)
    healed = await_health(fleet, well, 60)
    assert traffic.worst.lost <= UNTOUCHED
    record(Result("the store compacted while an agent was cut off", seen, traffic.worst, healed))
