# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.weft.overlay.plugins.plugin_utils.report.host_results import (
    HostResult,
    read_host_result,
)

STATUS = {"agent": {"backend": "udp"}, "problems": []}


def returned(**changes: Any) -> dict[str, Any]:
    """What the tasks of the playbook return of a host that is well."""
    return {
        "facts": {"changed": False, "ansible_facts": {"ansible_kernel": "6.12.48"}},
        "daemon": {"rc": 0, "stdout": json.dumps(STATUS)},
        "docker": {"rc": 0, "stdout": "28.5.2"},
        "addresses": ["192.0.2.11", "", "docker1.example.org", "docker1"],
        **changes,
    }


def test_a_host_is_what_its_tasks_returned() -> None:
    assert read_host_result("docker1", returned()) == HostResult(
        name="docker1",
        reached=True,
        public_ip="192.0.2.11",
        status=STATUS,
        docker="28.5.2",
        kernel="6.12.48",
    )


@pytest.mark.parametrize("how", ["unreachable", "failed"])
def test_a_host_without_facts_was_not_reached_and_is_not_said_to_lack_weft(how: str) -> None:
    host = read_host_result(
        "docker1", returned(facts={how: True, "msg": "no"}, daemon={}, docker={})
    )
    assert (host.reached, host.public_ip, host.problems) == (False, "192.0.2.11", ())
    assert (host.status, host.docker, host.kernel) == ({}, "", "")


@pytest.mark.parametrize(
    "daemon",
    [
        {},
        {"rc": 2, "msg": "No such file or directory: b'weftctl'"},
        {"rc": 1, "stdout": ""},
        {"rc": 1, "stdout": "Traceback"},
        {"rc": 0, "stdout": '{"agent": {'},
        {"rc": 0, "stdout": "[]"},
    ],
)
def test_a_missing_status_is_a_problem(daemon: dict[str, Any]) -> None:
    host = read_host_result("docker1", returned(daemon=daemon))
    assert host.status == {}
    (problem,) = host.problems
    assert problem.startswith("weftctl status has no output")


def test_a_status_that_was_not_queried_is_not_a_problem() -> None:
    assert read_host_result("docker1", {}) == HostResult("docker1")


@pytest.mark.parametrize(
    ("addresses", "public_ip"),
    [
        (["192.0.2.11", "192.0.2.12"], "192.0.2.11"),
        (["", None, "192.0.2.12"], "192.0.2.12"),
        (["docker1.example.org", "2001:db8::1", "192.0.2.300", "192.0.2.13"], "192.0.2.13"),
        (["docker1"], ""),
        ([], ""),
    ],
)
def test_the_public_ip_is_the_first_address_that_is_one(
    addresses: list[Any], public_ip: str
) -> None:
    assert read_host_result("docker1", returned(addresses=addresses)).public_ip == public_ip


def test_an_unreachable_docker_has_no_version() -> None:
    assert read_host_result("docker1", returned(docker={"rc": 1, "msg": "no docker"})).docker == ""
