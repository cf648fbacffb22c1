# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a wait for the daemon ends, and the reason that it gives."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.weft.overlay.plugins.module_utils.release.readiness import (
    failure,
    last_error,
    read_unit,
    status_problems,
    subnet_file_problem,
    unit_problem,
)

ACTIVE = "LoadState=loaded\nActiveState=active\nSubState=running\nNRestarts=0\n"


def problem(shown: str, now: float = 100.0, stable: float = 3.0) -> str:
    return unit_problem(read_unit("weftd.service", shown), now, stable)


def test_a_unit_must_be_active_for_some_seconds() -> None:
    assert problem(f"{ACTIVE}ActiveEnterTimestampMonotonic=97000000\n") == ""
    assert "less than 3 s" in problem(f"{ACTIVE}ActiveEnterTimestampMonotonic=98000000\n")


def test_a_unit_in_a_restart_loop_is_reported_with_its_restarts() -> None:
    shown = "LoadState=loaded\nActiveState=activating\nSubState=auto-restart\nNRestarts=7\n"
    expected = "weftd.service is activating (auto-restart, restarted 7 times)"
    assert problem(shown) == expected
    assert problem("LoadState=not-found\n") == "weftd.service is not installed"
    assert problem("") == "weftd.service is not installed"


def status(**agent: Any) -> str:
    whole = {"ready": True, "problems": [], "lease": {"subnet": "100.96.1.0/24"}, **agent}
    return json.dumps({"agent": whole, "datapath": None, "problems": []})


def test_the_problem_of_the_agent_is_the_reason() -> None:
    taken = "vxlan needs UDP port 8285, which flannel0 uses: set overlay_backend.port"
    assert status_problems(status(ready=False, problems=[taken]), "") == [taken]
    assert status_problems(status(), "") == []


def test_an_agent_without_a_lease_reports_why() -> None:
    store = {"connected": False, "problem": "10.0.0.11:2379: connection refused"}
    (reason,) = status_problems(status(ready=False, lease=None, store=store), "")
    assert reason == "the agent has no lease: 10.0.0.11:2379: connection refused"
    assert status_problems(status(ready=False), "") == ["the agent is not ready"]


@pytest.mark.parametrize("output", ["", "null", "[]", "{}"])
def test_a_status_that_cannot_be_read_is_a_problem(output: str) -> None:
    assert status_problems(output, "weftctl: no such file\n") == [
        "weftctl status: weftctl: no such file"
    ]


def test_the_subnet_file_needs_subnet_and_mtu() -> None:
    assert "has not written" in subnet_file_problem(None)
    assert "no MTU" in subnet_file_problem("FLANNEL_SUBNET=100.96.1.1/24\nFLANNEL_MTU=0\n")
    assert subnet_file_problem("FLANNEL_SUBNET=100.96.1.1/24\nFLANNEL_MTU=1472\n") == ""


def test_the_last_error_of_the_journal_is_the_cause() -> None:
    journal = (
        "cannot start: The Python library etcd3 cannot be imported: old\n"
        "agent stopped\n"
        "cannot start: protobuf 7.35.0 in /usr/local hides the library\n"
        "Traceback (most recent call last):\n"
    )
    assert last_error(journal) == "cannot start: protobuf 7.35.0 in /usr/local hides the library"
    assert last_error("Traceback\n  File x\nValueError: no\n") == "ValueError: no"
    assert last_error("google.protobuf.Error: no\n") == "google.protobuf.Error: no"
    assert last_error("watching etcd at x\n") == ""


def test_the_message_begins_with_the_cause() -> None:
    text = failure(["weftd.service is activating"], ["cannot start: no library."], 30)
    assert text.startswith(
        "weftd is not ready after 30 s: cannot start: no library; weftd.service is activating. "
    )
    assert "weftctl doctor" in text
