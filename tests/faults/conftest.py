# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One fleet for the whole suite, converged once; well again before each test."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest

from tests.fleet.fleet_lab import Lab

from . import results
from .faulted_fleet import HOSTS, Fleet, HostError
from .health import ailments, await_health, read_fleet
from .invariants import FleetState

_BACKENDS = ("udp", "vxlan", "host-gw")
# Seconds within which a fleet is well after it was converged.
_SETTLED = 60.0

Record = Callable[[results.Result], None]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--keep-fleet", action="store_true", help="leave the lab flt up, and begin with one that is"
    )


@pytest.fixture(scope="session")
def raised_fleet(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Fleet]:
    """Three hosts; their journals are printed where a test failed, and they go in any case."""
    backend = os.environ.get("WEFT_FAULTS_BACKEND", "udp")
    assert backend in _BACKENDS, f"WEFT_FAULTS_BACKEND is {backend!r}, not one of {_BACKENDS}"
    lab = Lab("flt", "10.175.0.0/24")
    keep = request.config.getoption("--keep-fleet", default=False)
    try:
        lab.up(len(HOSTS))
        fleet = Fleet(lab, tmp_path_factory.mktemp("fleet"), backend)
        if not is_well(fleet):
            fleet.converge()
            fleet.provide_containers()
        yield fleet
        if request.session.testsfailed:
            for number in HOSTS:
                print(lab.command("logs", "--journal", fleet.host(number).name)[-20_000:])
    finally:
        if not keep:
            lab.down()


def is_well(fleet: Fleet) -> bool:
    """Whether the fleet is one that was kept."""
    try:
        return not ailments(fleet, read_fleet(fleet))
    except (HostError, ValueError):
        return False


@pytest.fixture(scope="session")
def well(raised_fleet: Fleet) -> FleetState:
    """The fleet as it was when it had just been converged."""
    state = read_fleet(raised_fleet)
    await_health(raised_fleet, state, _SETTLED)
    return state


@pytest.fixture
def fleet(request: pytest.FixtureRequest, raised_fleet: Fleet, well: FleetState) -> Fleet:
    """The healthy fleet: the damage of a failed test is repaired first."""
    if request.session.testsfailed and ailments(raised_fleet, well):
        raised_fleet.lab.command("up")
        raised_fleet.converge()
        await_health(raised_fleet, well, _SETTLED)
    return raised_fleet


@pytest.fixture
def record(request: pytest.FixtureRequest, fleet: Fleet) -> Record:
    """Keeps what a fault came to for the table, and shows it."""

    def keep(result: results.Result) -> None:
        area = request.path.stem.removeprefix("test_").removesuffix("_faults")
        results.write(result, request.node.name, area, fleet.backend)
        print(result)

    return keep
