# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace

from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.process.status import (
    Status,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.metrics.health import (
    STALE_AFTER,
    is_alive,
    unready_reasons,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.metrics.report import Observation

from .reports import NOW, OBSERVED, REPORT, TABLE, datapath


def test_a_host_in_the_desired_state_is_ready() -> None:
    assert unready_reasons(REPORT, OBSERVED, NOW) == []


def test_an_unreachable_etcd_does_not_make_a_host_unready() -> None:
    away = replace(REPORT.status, store=replace(REPORT.status.store, connected=False))
    assert unready_reasons(replace(REPORT, status=away), OBSERVED, NOW) == []


def test_before_the_first_pass_nothing_is_ready() -> None:
    assert unready_reasons(None, Observation(), NOW) == [
        "the agent has not finished its first pass"
    ]


def test_without_a_lease_or_with_a_problem() -> None:
    waiting = replace(REPORT, status=replace(REPORT.status, lease=None), plan=None)
    assert unready_reasons(waiting, Observation(), NOW) == ["waiting for etcd"]
    told = replace(REPORT, status=replace(REPORT.status, problems=("iptables failed",)))
    assert unready_reasons(told, OBSERVED, NOW) == ["iptables failed"]
    planless = replace(REPORT, plan=None)
    assert unready_reasons(planless, Observation(), NOW) == [
        "the desired state of this host is unknown"
    ]


def test_an_unreachable_idle_or_outdated_datapath_is_a_reason() -> None:
    def reasons(answer: Status | str) -> list[str]:
        return unready_reasons(REPORT, replace(OBSERVED, datapath=answer), NOW)

    assert reasons("/run/weft/datapath.sock: refused") == [
        "the datapath: /run/weft/datapath.sock: refused"
    ]
    assert reasons(datapath(forwarding=False)) == ["the datapath does not forward packets"]
    assert "another table" in reasons(datapath(table={**TABLE, "peers": []}))[0]


def test_pending_changes_are_a_reason() -> None:
    lacking = replace(OBSERVED, pending=("pending: add route 100.96.2.0/24",))
    assert unready_reasons(REPORT, lacking, NOW) == ["pending: add route 100.96.2.0/24"]


def test_an_agent_that_makes_no_passes_is_neither_ready_nor_alive() -> None:
    late = NOW + STALE_AFTER + 1
    assert "the last pass of the agent ended 91 s ago" in unready_reasons(REPORT, OBSERVED, late)
    assert is_alive(REPORT, 0.0, NOW + STALE_AFTER)
    assert not is_alive(REPORT, 0.0, late)


def test_an_agent_that_has_just_started_is_alive() -> None:
    assert is_alive(None, NOW, NOW + 10)
    assert not is_alive(None, NOW, NOW + STALE_AFTER + 1)
