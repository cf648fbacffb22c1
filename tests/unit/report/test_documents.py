# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.weft.overlay.plugins.plugin_utils.report.documents import (
    ReportError,
    read_fleet,
)
from ansible_collections.weft.overlay.plugins.plugin_utils.report.fleet import Condition, Verdict
from tests.report.fleets import gathered

AGENT = {
    "release": "0f3c",
    "backend": "udp",
    "datapath": "userspace",
    "mtu": 1472,
    "address": "192.0.2.11",
    "lease": {"subnet": "100.96.1.0/24", "public_ip": "192.0.2.11"},
    "problems": ["the bridge has another address"],
}


def test_a_host_that_was_not_reached_is_known_by_its_lease() -> None:
    fleet = read_fleet(gathered(3, troubled=True))
    away = fleet.hosts[2]
    assert away.condition is Condition.UNREACHABLE
    assert (away.subnet, away.backend) == ("100.96.3.0/24", "vxlan")
    assert fleet.pair("docker1", "docker3").verdict is Verdict.UNKNOWN


def test_a_host_without_verification_is_known_by_its_daemon() -> None:
    status = {"agent": AGENT, "datapath": None, "problems": ["the datapath: no answer"]}
    daemon = {"stdout": json.dumps(status)}
    host = read_fleet({"hosts": [{"name": "docker1", "daemon": daemon}]}).hosts[0]
    assert (host.public_ip, host.subnet, host.mtu) == ("192.0.2.11", "100.96.1.0/24", 1472)
    assert host.problems == ("the datapath: no answer", "the bridge has another address")
    assert host.condition is Condition.PROBLEM


def test_hosts_that_only_the_verification_names_are_hosts() -> None:
    document = gathered(3) | {"hosts": []}
    assert [host.name for host in read_fleet(document).hosts] == ["docker1", "docker2", "docker3"]


def test_duplicate_problems_are_listed_once() -> None:
    document = gathered(3, troubled=True)
    document["verification"]["hosts"][0]["problems"] = AGENT["problems"]
    document["hosts"][0]["daemon"] = {"stdout": json.dumps({"agent": AGENT, "problems": []})}
    assert read_fleet(document).hosts[0].problems == ("the bridge has another address",)


def test_a_problem_of_one_host_is_listed_with_that_host() -> None:
    document = gathered(3)
    reason = "no container was started there: Docker is down"
    pair = "docker1 -> docker2: timed out"
    document["verification"]["hosts"][0]["problems"] = [reason]
    document["verification"]["problems"] = [f"docker1: {reason}", pair]
    fleet = read_fleet(document)
    assert fleet.hosts[0].problems == (reason,)
    assert fleet.verification is not None
    assert fleet.verification.problems == (pair,)


def test_an_unreachable_host_has_no_problem_of_the_verification() -> None:
    document = gathered(3, troubled=True)
    reason = "no container was started there: it had left the play before"
    away = document["verification"]["hosts"][0] | {"name": "docker3", "problems": [reason]}
    document["verification"]["hosts"].append(away)
    document["verification"]["problems"] = [f"docker3: {reason}"]
    fleet = read_fleet(document)
    assert fleet.hosts[2].problems == ()
    assert fleet.verification is not None
    assert fleet.verification.problems == ()


def test_only_names_are_required() -> None:
    fleet = read_fleet({"hosts": [{"name": "docker1"}]})
    assert fleet.leases is None
    assert fleet.network is None
    assert fleet.verification is None


def broken(path: list[Any], value: Any) -> dict[str, Any]:
    document = gathered(3, troubled=True)
    place: Any = document
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return document


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (["verification", "format"], 2, "format 2, but this release reads format 1"),
        (["drift", "format"], None, "The drift document has format None"),
        (["verification"], [1], "verification document is a list, not an object"),
        (["verification", "pairs"], {"a": 1}, "pairs of the verification is an object, not a list"),
        (["verification", "pairs", 0], "x", "entry of pairs of the verification"),
        (["verification", "pairs", 0, "verdict"], "fine", "docker1 to docker2 .* 'fine'"),
        (["verification", "pairs", 0, "round_trip_ms"], {"min": 1}, "docker1 to docker2 .*median"),
        (["verification", "pairs", 0, "from"], None, "from of a pair .* is missing"),
        (["leases", "leases", 0, "subnet"], "100.96.1.1/24", "lease of 100.96.1.1/24 .*host bits"),
        (["leases", "leases", 0, "public_ip"], "here", "lease of 100.96.1.0/24 .*here"),
        (
            ["verification"],
            '{"format":',
            "verification document is not valid JSON: Expecting value",
        ),
        (["verification"], '"x"', "verification document is the string 'x'"),
        (["network", "network"], {"Network": "x"}, "The network cannot be read"),
        (["hosts", 0, "name"], "", "name of the gathered data"),
    ],
)
def test_an_invalid_document_is_named(path: list[Any], value: Any, message: str) -> None:
    with pytest.raises(ReportError, match=message):
        read_fleet(broken(path, value))


def test_a_document_may_be_its_json() -> None:
    document = gathered(3)
    text = document | {"verification": json.dumps(document["verification"])}
    assert read_fleet(text) == read_fleet(document)
