# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documents that the filter makes: keys that other programs read, JUnit as a parser sees it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import junitparser
import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.weft.overlay.plugins.filter.verification import FilterModule

from .returned import BEGAN, ENDED, LOST, SILENCE, Faults, fleet


def verification(probes: Any, began: str = BEGAN, ended: str = ENDED) -> dict[str, Any]:
    made: dict[str, Any] = FilterModule().filters()["verification"](probes, began, ended)
    return made


def test_the_document_of_a_fleet_that_is_well() -> None:
    document = verification(fleet(2))["document"]
    assert document == json.loads(json.dumps(document))
    hosts, pairs = document.pop("hosts"), document.pop("pairs")
    assert document == {
        "format": 1,
        "began": "2026-01-31T12:00:00Z",
        "seconds": 9.5,
        "problems": [],
    }
    assert hosts[0] == {
        "name": "host1",
        "public_ip": "192.0.2.11",
        "subnet": "100.96.1.0/24",
        "container": "100.96.1.2",
        "backend": "udp",
        "datapath": "userspace",
        "mtu": 1472,
        "release": "abc123",
        "docker": "28.5.2",
        "kernel": "6.12.48",
        "problems": [],
    }
    assert pairs[0] == {
        "from": "host1",
        "to": "host2",
        "verdict": "ok",
        "answer": "100.96.1.2",
        "source_seen": "100.96.1.2",
        "sent": 5,
        "received": 5,
        "round_trip_ms": {"min": 0.3, "median": 0.4, "max": 0.9},
        "path_mtu": 1472,
        "expected_mtu": 1472,
        "throughput_mbit": None,
    }


def test_the_document_of_a_pair_that_fails() -> None:
    result = verification(fleet(2, {(1, 2): SILENCE}))
    pair = result["document"]["pairs"][0]
    assert (pair["verdict"], pair["answer"], pair["source_seen"]) == ("fail", "timed out", None)
    assert (pair["sent"], pair["received"]) == (5, 0)
    assert (pair["round_trip_ms"], pair["path_mtu"]) == (None, None)
    assert result["problems"] == result["document"]["problems"] != []


def test_a_host_without_a_container_is_in_the_document() -> None:
    document = verification([*fleet(2), {"name": "host9", "started": {}}])["document"]
    assert document["hosts"][2]["name"] == "host9"
    assert document["hosts"][2]["container"] == ""
    assert document["hosts"][2]["mtu"] is None
    assert len(document["pairs"]) == 2


def test_a_parser_of_junit_reads_cases_failures_and_errors(tmp_path: Path) -> None:
    odd = {**LOST, "error": "\x00odd <&> \ud800"}
    faults: Faults = {(1, 2): {"path_mtu": 1372}, (3, 1): {"tcp": odd}}
    probes = [*fleet(3, faults), {"name": "host9", "started": {}}]
    path = tmp_path / "verification.xml"
    path.write_text(verification(probes)["junit"], encoding="utf-8")
    (suite,) = junitparser.JUnitXml.fromfile(str(path))
    assert (suite.name, suite.tests, suite.failures, suite.errors) == (
        "weft.overlay.verify",
        7,
        2,
        1,
    )
    assert (suite.time, suite.timestamp) == (9.5, "2026-01-31T12:00:00")
    cases = {case.name: case for case in suite}
    assert len(cases) == 7
    assert cases["host2 -> host1"].is_passed
    assert cases["host2 -> host1"].classname == "weft.overlay.verify.host2"
    (failure,) = cases["host1 -> host2"].result
    assert (failure.type, failure.message) == (
        "mtu",
        "packets of more than 1372 bytes are lost, and containers send up to 1472 bytes",
    )
    assert failure.text.startswith("host1 -> host2: packets of more than 1372 bytes")
    (failure,) = cases["host3 -> host1"].result
    assert "odd <&> " in failure.message
    (error,) = cases["host9"].result
    assert isinstance(error, junitparser.Error)


def test_the_counts_of_a_suite_are_those_that_the_parser_counts() -> None:
    suites = junitparser.JUnitXml.fromstring(
        verification(fleet(4, {(1, 2): SILENCE}))["junit"].encode()
    )
    told = (suites.tests, suites.failures, suites.errors)
    suites.update_statistics()  # type: ignore[no-untyped-call]
    assert (suites.tests, suites.failures, suites.errors) == told == (12, 1, 0)


@pytest.mark.parametrize(
    ("probes", "words"),
    [
        ([{"started": {}}], "KeyError.'name'"),
        ([{"name": "one", "started": {"address": "100.96.1.2"}}], "prefix_length"),
        (["host3"], "the results of weft.overlay.probe_container"),
        ([{"name": "a", "probed": {"observations": [{"name": "b"}]}}], "sent"),
    ],
)
def test_what_the_module_did_not_return_is_an_error_of_the_filter(probes: Any, words: str) -> None:
    with pytest.raises(AnsibleFilterError, match=words):
        verification(probes)


def test_a_time_that_is_none_is_an_error_of_the_filter() -> None:
    with pytest.raises(AnsibleFilterError, match="noon"):
        verification(fleet(1), began="noon")
