# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fleet whose only member of the store lost its disk, and that has no backup."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.playbook import play, play_until

from .fleet_lab import Lab, raised_lab
from .store_plays import build_anew

pytestmark = [pytest.mark.long, pytest.mark.timeout(1800)]


@pytest.fixture(scope="module")
def lab(request: pytest.FixtureRequest) -> Iterator[Lab]:
    with raised_lab("los", "10.185.0.0/24", request) as lab:
        yield lab


def leases(lab: Lab) -> dict[str, str]:
    """The public IP of each leased subnet."""
    rows = json.loads(lab.on(2, "weftctl leases --json"))
    return {row["subnet"]: row["public_ip"] for row in rows}


def turn_round(inventory: Path) -> None:
    """Name the Docker hosts in the opposite order, in which they would get other subnets."""
    document = yaml.safe_load(inventory.read_text(encoding="utf-8"))
    group = document["all"]["children"]["weft"]
    group["hosts"] = dict(reversed(group["hosts"].items()))
    inventory.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")


def test_hosts_keep_the_subnets_that_they_run_in(
    lab: Lab, collections: Path, tmp_path: Path
) -> None:
    inventory = lab.write_inventory(tmp_path / "hosts.yml")
    site = (collections, tmp_path, "weft.overlay.site", "-i", str(inventory))
    first = play(*site)
    assert first.status == 0, first.output
    before = leases(lab)
    assert len(before) == 2

    build_anew(lab, 1)
    turn_round(inventory)
    # Killed with the network published, and nothing reserved.
    play_until("overlay_reserve_subnets", *site)
    run = play(*site)
    assert run.status == 0, run.output
    assert "2 hosts, all reach each other" in run.output
    assert leases(lab) == before
    again = play(*site)
    assert set(again.changed().values()) == {0}, again.output
