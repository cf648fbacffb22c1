# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The decisions about leases, versions, problems and the headline."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.weft.overlay.plugins.plugin_utils.report.documents import read_fleet
from ansible_collections.weft.overlay.plugins.plugin_utils.report.problems import Severity
from ansible_collections.weft.overlay.plugins.plugin_utils.report.view import (
    Report,
    Tile,
    view_report,
)
from tests.report.fleets import gathered


def view(document: dict[str, Any]) -> Report:
    return view_report(read_fleet(document))


def test_a_fleet_without_faults_has_a_good_headline() -> None:
    report = view(gathered(30))
    assert (report.state, report.headline) == ("ok", "All 30 hosts reach each other")
    assert report.problems == ()
    assert {tile.state for tile in report.tiles} == {"ok", "neutral"}
    assert report.subtitle == "30 hosts · 100.96.0.0/16 · vxlan"


def test_the_headline_counts_the_faults() -> None:
    report = view(gathered(3, troubled=True))
    assert report.state == "problem"
    assert report.headline == "2 faulty pairs, 1 host unreachable"
    assert [problem.severity for problem in report.problems] == [
        Severity.FAULT,
        Severity.FAULT,
        Severity.WARNING,
        Severity.NOTE,
    ]


def test_without_a_verification_the_state_is_unknown() -> None:
    report = view(gathered(3) | {"verification": None, "notes": ["The pairs were not probed."]})
    assert (report.state, report.headline) == ("unknown", "3 hosts, not checked")
    assert [(each.severity, each.text) for each in report.problems] == [
        (Severity.NOTE, "The pairs were not probed.")
    ]


def test_a_pair_that_was_not_probed_is_in_the_headline() -> None:
    document = gathered(3)
    del document["verification"]["pairs"][0]
    assert view(document).headline == "Not every pair was checked"


def test_a_host_with_a_problem_is_in_the_headline() -> None:
    document = gathered(3)
    document["verification"]["hosts"][0]["problems"] = ["no route"]
    assert view(document).headline == "1 host with problems"


def test_a_problem_of_the_fleet_is_in_the_headline() -> None:
    document = gathered(3)
    document["verification"]["problems"] = ["docker1 lost a quarter of its probes: see its link."]
    assert view(document).headline == "1 problem"


def drift_tile(report: Report) -> Tile:
    (tile,) = (tile for tile in report.tiles if tile.name == "Drift")
    return tile


def test_the_drift_of_an_unreachable_host_is_unknown() -> None:
    document = gathered(3)
    document["drift"]["unreachable"] = ["docker3"]
    report = view(document)
    tile = drift_tile(report)
    assert (tile.value, tile.detail, tile.state) == ("unknown", "1 host unreachable", "neutral")
    (problem,) = report.problems
    assert problem.severity is Severity.NOTE
    assert problem.text.startswith("1 host was unreachable for the playbook drift")


def test_drift_and_unreachable_hosts_are_both_reported() -> None:
    document = gathered(3, troubled=True)
    document["drift"]["unreachable"] = ["docker1", "docker3"]
    report = view(document)
    tile = drift_tile(report)
    assert (tile.value, tile.state) == ("1", "problem")
    assert tile.detail == "settings differ; 2 hosts unreachable"
    assert [each.text[:47] for each in report.problems if "inventory" in each.text] == [
        "1 setting on 1 host differs from the inventory:",
        "2 hosts were unreachable for the playbook drift",
    ]


def leases(*changes: dict[str, Any]) -> Report:
    document = gathered(len(changes))
    for lease, change in zip(document["leases"]["leases"], changes, strict=True):
        lease.update(change)
    return view(document)


def test_expiring_leases_come_first_with_their_age() -> None:
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
    [(6, "revision 6, the latest"), (5, "revision 5, 1 revision ago"), (None, "unknown")],
)
def test_the_age_of_a_reservation_is_its_revision(revision: int | None, age: str) -> None:
    report = leases({"revision": revision}, {})
    assert report.leases is not None
    assert report.leases[0].age.removeprefix("written at ") == age


def test_a_lease_that_is_not_renewed_is_a_warning() -> None:
    report = leases({"reservation": False, "ttl": 60, "granted_ttl": 86400}, {})
    assert [(each.about, each.text) for each in report.problems] == [
        ("100.96.1.0/24", "Expires soon: its host does not renew it.")
    ]


def test_a_lease_without_a_host_and_two_leases_of_a_host_have_remarks() -> None:
    report = leases({"public_ip": "192.0.2.99"}, {}, {"public_ip": "192.0.2.12"})
    remarks = {row.subnet: row.remarks for row in report.leases or ()}
    assert remarks["100.96.1.0/24"] == ("no host of the inventory has its public IP",)
    assert remarks["100.96.2.0/24"] == ("192.0.2.12 holds 2 leases",)


def test_an_invalid_lease_is_a_warning() -> None:
    document = gathered(3)
    document["leases"]["invalid"] = [{"key": "/x/subnets/y", "reason": "its key is no subnet"}]
    (problem,) = view(document).problems
    assert (problem.about, problem.text) == (
        "/x/subnets/y",
        "Not a valid lease: its key is no subnet",
    )


def test_a_host_without_a_subnet_is_a_warning() -> None:
    document = gathered(3)
    document["leases"]["leases"].pop()
    document["verification"]["hosts"][2]["subnet"] = ""
    (problem,) = view(document).problems
    assert (problem.severity, problem.about) == (Severity.WARNING, "docker3")


def test_different_versions_are_listed_with_their_hosts() -> None:
    document = gathered(4)
    document["verification"]["hosts"][2]["docker"] = "20.10.24"
    software = {each.name: each for each in view(document).software}
    assert software["Kernel"].uniform
    usual, other = software["Docker"].variants
    assert (usual.value, usual.count, usual.usual) == ("28.5.2", 3, True)
    assert (other.value, other.hosts, other.share) == ("20.10.24", ("docker3",), 0.25)
    assert software["weft release"].variants[0].value == "0f3c9a71be5d"


def test_an_outage_of_etcd_is_in_the_headline_and_not_a_problem_of_the_hosts() -> None:
    document = gathered(3) | {
        "leases": None,
        "store_problem": "etcd unreachable: connection refused. Check that etcd runs.",
        "store_stopped": ["docker1"],
    }
    report = view(document)
    assert report.state == "problem"
    assert report.headline == "etcd unreachable; all 3 hosts reach each other"
    assert [each.about for each in report.problems] == ["etcd", "docker1"]
    assert "systemctl start etcd" in report.problems[1].text
    assert report.tiles[0].value == "3 of 3"


def test_a_stopped_member_of_a_readable_etcd_is_a_warning() -> None:
    report = view(gathered(3) | {"store_stopped": ["docker2"]})
    assert [(each.severity, each.about) for each in report.problems] == [
        (Severity.WARNING, "docker2")
    ]
