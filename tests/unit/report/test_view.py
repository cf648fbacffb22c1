# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The decisions about leases, versions, problems and the headline."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.weft.overlay.plugins.plugin_utils.report.documents import read_fleet
from ansible_collections.weft.overlay.plugins.plugin_utils.report.problems import Weight
from ansible_collections.weft.overlay.plugins.plugin_utils.report.view import (
    Report,
    Tile,
    view_report,
)
from tests.report.fleets import gathered


def view(document: dict[str, Any]) -> Report:
    return view_report(read_fleet(document))


def test_a_sound_fleet_has_a_good_headline_and_no_problem() -> None:
    report = view(gathered(30))
    assert (report.state, report.headline) == ("ok", "All 30 hosts reach each other")
    assert report.problems == ()
    assert {tile.state for tile in report.tiles} == {"ok", "neutral"}
    assert report.subtitle == "30 hosts · 100.96.0.0/16 · vxlan"


def test_a_fleet_in_trouble_says_how_much() -> None:
    report = view(gathered(3, troubled=True))
    assert report.state == "problem"
    assert report.headline == "2 pairs of hosts in trouble, 1 host unreachable"
    assert [problem.weight for problem in report.problems] == [
        Weight.FAULT,
        Weight.FAULT,
        Weight.WARNING,
        Weight.NOTE,
    ]


def test_without_a_verification_nothing_is_called_well() -> None:
    report = view(gathered(3) | {"verification": None, "notes": ["The pairs were not probed."]})
    assert (report.state, report.headline) == ("unknown", "3 hosts, no pair probed")
    assert [(each.weight, each.text) for each in report.problems] == [
        (Weight.NOTE, "The pairs were not probed.")
    ]


def test_a_pair_that_nobody_probed_spoils_the_headline() -> None:
    document = gathered(3)
    del document["verification"]["pairs"][0]
    assert view(document).headline == "Not every pair was probed"


def test_a_host_with_a_problem_spoils_the_headline() -> None:
    document = gathered(3)
    document["verification"]["hosts"][0]["problems"] = ["no route"]
    assert view(document).headline == "1 host with problems"


def test_a_problem_of_the_fleet_spoils_the_headline() -> None:
    document = gathered(3)
    document["verification"]["problems"] = ["docker1 lost a quarter of its probes: see its link."]
    assert view(document).headline == "1 problem"


def drift_tile(report: Report) -> Tile:
    (tile,) = (tile for tile in report.tiles if tile.name == "Drift")
    return tile


def test_a_host_that_nobody_looked_at_is_not_called_free_of_drift() -> None:
    document = gathered(3)
    document["drift"]["unreachable"] = ["docker3"]
    report = view(document)
    tile = drift_tile(report)
    assert (tile.value, tile.detail, tile.state) == ("not known", "1 host not reached", "neutral")
    (problem,) = report.problems
    assert problem.weight is Weight.NOTE
    assert problem.text.startswith("Whether 1 host differs from the inventory is not known")


def test_drift_beside_hosts_that_nobody_looked_at_tells_both() -> None:
    document = gathered(3, troubled=True)
    document["drift"]["unreachable"] = ["docker1", "docker3"]
    report = view(document)
    tile = drift_tile(report)
    assert (tile.value, tile.state) == ("1", "problem")
    assert tile.detail == "things differ; 2 hosts not reached"
    assert [each.text[:45] for each in report.problems if "inventory" in each.text] == [
        "1 thing on 1 host differs from the inventory:",
        "Whether 2 hosts differ from the inventory is ",
    ]


def leases(*changes: dict[str, Any]) -> Report:
    document = gathered(len(changes))
    for lease, change in zip(document["leases"]["leases"], changes, strict=True):
        lease.update(change)
    return view(document)


def test_leases_that_end_come_first_with_their_age() -> None:
    ends = {"reservation": False, "ttl": 36000, "granted_ttl": 86400}
    report = leases({}, ends)
    assert report.leases is not None
    first, second = report.leases
    assert (first.holder, first.expiry, first.age) == ("docker2", "in 10 h", "renewed 14 h ago")
    assert first.left == pytest.approx(36000 / 86400)
    assert (second.kind, second.expiry, second.left) == ("reservation", "never", None)
    assert second.age == "written at revision 2, 4 revisions ago"


@pytest.mark.parametrize(
    ("revision", "age"),
    [(6, "revision 6, the last"), (5, "revision 5, 1 revision ago"), (None, "unknown")],
)
def test_a_reservation_has_the_age_that_the_store_tells(revision: int | None, age: str) -> None:
    report = leases({"revision": revision}, {})
    assert report.leases is not None
    assert report.leases[0].age.removeprefix("written at ") == age


def test_a_lease_that_nobody_renews_is_a_warning() -> None:
    report = leases({"reservation": False, "ttl": 60, "granted_ttl": 86400}, {})
    assert [(each.about, each.text) for each in report.problems] == [
        ("100.96.1.0/24", "Ends soon: its host does not renew it.")
    ]


def test_a_lease_of_no_host_and_two_of_one_are_remarked() -> None:
    report = leases({"public_ip": "192.0.2.99"}, {}, {"public_ip": "192.0.2.12"})
    remarks = {row.subnet: row.remarks for row in report.leases or ()}
    assert remarks["100.96.1.0/24"] == ("its public IP is of no host of the inventory",)
    assert remarks["100.96.2.0/24"] == ("192.0.2.12 holds 2 leases",)


def test_an_entry_that_is_no_lease_is_a_warning() -> None:
    document = gathered(3)
    document["leases"]["invalid"] = [{"key": "/x/subnets/y", "reason": "its key is no subnet"}]
    (problem,) = view(document).problems
    assert (problem.about, problem.text) == ("/x/subnets/y", "It is no lease: its key is no subnet")


def test_a_host_without_a_subnet_is_a_warning() -> None:
    document = gathered(3)
    document["leases"]["leases"].pop()
    document["verification"]["hosts"][2]["subnet"] = ""
    (problem,) = view(document).problems
    assert (problem.weight, problem.about) == (Weight.WARNING, "docker3")


def test_versions_that_differ_are_told_with_their_hosts() -> None:
    document = gathered(4)
    document["verification"]["hosts"][2]["docker"] = "20.10.24"
    software = {each.name: each for each in view(document).software}
    assert software["Kernel"].uniform
    usual, other = software["Docker"].variants
    assert (usual.value, usual.count, usual.usual) == ("28.5.2", 3, True)
    assert (other.value, other.hosts, other.share) == ("20.10.24", ("docker3",), 0.25)
    assert software["weft release"].variants[0].value == "0f3c9a71be5d"
