# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lease that expires while its host is off: for agents that may reserve by themselves."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from tests.waiting import eventually

from . import faults
from .conftest import Record
from .faulted_fleet import STORE_PREFIX, Fleet
from .health import ailments, await_health, read_leases
from .invariants import FleetState, StoredLease
from .results import Result
from .traffic import UNTOUCHED, pinging

pytestmark = pytest.mark.timeout(1200)

TTL = 20
SETTINGS = "/etc/weft/weftd.json"
KEPT = "100.96.3.0/24"
KEY = f"{STORE_PREFIX}/subnets/100.96.3.0-24"


@contextmanager
def expiring_lease(fleet: Fleet, well: FleetState) -> Iterator[FleetState]:
    """Host 3 holds its subnet by a lease that expires; yields what is well then.

    It ends with the reservation of before, and its bridge where it was.
    """
    value = fleet.etcdctl("get", "--print-value-only", KEY).strip()
    settings = json.loads(fleet.on(3, f"cat {SETTINGS}"))
    settings["lease"] = {"reserve": True, "ttl": TTL}
    address = fleet.address(3)
    try:
        with faults.replaced_file(fleet, 3, SETTINGS, json.dumps(settings)):
            fleet.on(3, "systemctl restart weftd.service")
            fleet.etcdctl("del", KEY)
            expected = replace(
                well,
                leases=tuple(
                    replace(lease, expires=lease.public_ip == address) for lease in well.leases
                ),
            )
            await_health(fleet, expected, 60)
            yield expected
    finally:
        fleet.on(3, "systemctl stop weftd.service")
        for lease in read_leases(fleet):
            if lease.public_ip == address:
                fleet.etcdctl("del", key_of(lease))
        fleet.etcdctl("put", KEY, value)
        fleet.on(3, "systemctl start weftd.service")
        if ailments(fleet, well):
            fleet.converge("-e", "docker_change_policy=restart")
        await_health(fleet, well, 60)


def key_of(lease: StoredLease) -> str:
    return f"{STORE_PREFIX}/subnets/{str(lease.subnet).replace('/', '-')}"


def holders(fleet: Fleet) -> dict[str, str]:
    return {str(lease.subnet): str(lease.public_ip) for lease in read_leases(fleet)}


def test_the_subnet_is_free_when_the_host_returns(
    fleet: Fleet, well: FleetState, record: Record
) -> None:
    with expiring_lease(fleet, well) as expected, pinging(fleet, [(1, 2)]) as traffic:
        with faults.powered_off(fleet, 3):
            eventually(lambda: KEPT not in holders(fleet), "the lease is removed", 90, pause=0.5)
            seen = fleet.says(1)
            begun = time.monotonic()
        await_health(fleet, expected, 120)
        healed = time.monotonic() - begun
    assert traffic.worst.lost <= UNTOUCHED
    record(
        Result(
            f"a lease of {TTL} s expired while its host was off, and the subnet is free",
            seen,
            traffic.worst,
            healed,
            note="the host has the same subnet again; from its power",
        )
    )


def test_another_holds_the_subnet_when_the_host_returns(
    fleet: Fleet, well: FleetState, record: Record
) -> None:
    with expiring_lease(fleet, well):
        try:
            with pinging(fleet, [(1, 2)]) as traffic:
                with faults.powered_off(fleet, 3):
                    eventually(
                        lambda: KEPT not in holders(fleet), "the lease is removed", 90, pause=0.5
                    )
                    fleet.etcdctl("put", KEY, faults.STRANGERS_LEASE)
                seen = eventually(
                    lambda: problem_said(fleet), "a host reports a problem", 90, pause=0.5
                )
            assert f"10.175.0.99 has {KEPT} now" in seen
            assert holders(fleet)[KEPT] == "10.175.0.99"
            begun = time.monotonic()
            fleet.converge("-e", "docker_change_policy=restart")
            healed = time.monotonic() - begun
            held = holders(fleet)
            assert held[KEPT] == "10.175.0.99"
            assert sorted(held.values()) == sorted({*held.values()})
            (moved,) = (subnet for subnet, ip in held.items() if ip == str(fleet.address(3)))
            assert moved.replace(".0/", ".1/") in fleet.on(3, "ip -4 address show docker0")
            assert fleet.says(3) == "no problem"
        finally:
            fleet.etcdctl("del", KEY)
    assert traffic.worst.lost <= UNTOUCHED
    record(
        Result(
            f"a lease of {TTL} s expired while its host was off, and another holds the subnet",
            seen,
            traffic.worst,
            healed,
            healed_by="`ansible-playbook site.yml`",
            note="the host has another subnet; site.yml moves its bridge there",
        )
    )


def problem_said(fleet: Fleet) -> str:
    said = fleet.says(3)
    # While the agent starts, weftctl has nothing to show but that.
    return said if "PROBLEM" in said and "systemctl status weftd" not in said else ""
