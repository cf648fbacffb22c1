# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.weft.overlay.plugins.plugin_utils.verification.results import (
    Fault,
    Pair,
    Verdict,
    read_results,
)

from .returned import LOST, SILENCE, address, fleet, started

REFUSED = {"name": "", "source": None, "error": "Connection refused"}
ELSEWHERE = {"name": "host3", "source": address(1), "error": ""}
REWRITTEN = {"name": "host2", "source": "192.0.2.11", "error": ""}


def pairs(*arguments: Any, loss: int = 20) -> dict[tuple[str, str], Pair]:
    results = read_results(fleet(*arguments), loss)
    return {(pair.source.name, pair.destination.name): pair for pair in results.pairs}


@pytest.mark.parametrize(
    ("changes", "fault", "verdict"),
    [
        ({}, None, Verdict.OK),
        (SILENCE, Fault.NO_ANSWER, Verdict.FAIL),
        ({"tcp": ELSEWHERE}, Fault.WRONG_HOST, Verdict.FAIL),
        ({"udp": ELSEWHERE}, Fault.WRONG_HOST, Verdict.FAIL),
        ({"received": 0, "round_trip_ms": None}, Fault.NO_ECHO, Verdict.FAIL),
        ({"udp": LOST, "path_mtu": None, "tcp": REFUSED}, Fault.NO_PORT, Verdict.FAIL),
        ({"udp": LOST, "path_mtu": None}, Fault.NO_UDP, Verdict.FAIL),
        ({"tcp": LOST}, Fault.NO_TCP, Verdict.TCP),
        ({"tcp": REWRITTEN}, Fault.SOURCE, Verdict.SOURCE),
        ({"udp": REWRITTEN}, Fault.SOURCE, Verdict.SOURCE),
        ({"received": 3}, Fault.LOSS, Verdict.FAIL),
        ({"received": 4}, None, Verdict.OK),
        ({"path_mtu": 1471}, Fault.MTU, Verdict.MTU),
        # The worst fault counts.
        ({"path_mtu": 1400, "tcp": LOST}, Fault.NO_TCP, Verdict.TCP),
        ({"path_mtu": 1400, "tcp": REWRITTEN}, Fault.SOURCE, Verdict.SOURCE),
    ],
)
def test_probe_results_give_one_fault_and_one_verdict(
    changes: dict[str, Any], fault: Fault | None, verdict: Verdict
) -> None:
    found = pairs(3, {(1, 2): changes})
    assert (found["host1", "host2"].fault, found["host1", "host2"].verdict) == (fault, verdict)
    assert [pair.fault for names, pair in found.items() if names != ("host1", "host2")] == [
        None
    ] * 5


@pytest.mark.parametrize(("loss", "fault"), [(59, Fault.LOSS), (60, None)])
def test_the_tolerated_loss_is_percent(loss: int, fault: Fault | None) -> None:
    assert pairs(2, {(1, 2): {"received": 2}}, loss=loss)["host1", "host2"].fault is fault


def test_containers_of_one_address_reach_only_themselves() -> None:
    same = pairs(2, {}, {2: {"address": address(1)}})
    assert [pair.fault for pair in same.values()] == [Fault.SAME_ADDRESS] * 2


def test_a_host_whose_probes_failed_has_pairs_that_were_not_probed() -> None:
    given = fleet(2)
    given[0]["probed"] = {"failed": True, "msg": "no container runs"}
    faults = [pair.fault for pair in read_results(given, 20).pairs]
    assert faults == [Fault.NOT_PROBED, None]


def test_a_host_without_a_container_is_shown_and_has_no_pairs() -> None:
    given = [*fleet(2), {"name": "host9", "started": {"failed": True}}]
    results = read_results(given, 20)
    assert [host.name for host in results.hosts] == ["host1", "host2", "host9"]
    assert [host.name for host in results.probed] == ["host1", "host2"]
    assert len(results.pairs) == 2
    assert "no container was started" in results.hosts[2].problems[0]


def test_a_host_that_left_the_play_has_no_container() -> None:
    given = fleet(3)
    given[1]["left"] = True
    results = read_results(given, 20)
    assert [host.name for host in results.probed] == ["host1", "host3"]
    assert {(pair.source.name, pair.destination.name) for pair in results.pairs} == {
        ("host1", "host3"),
        ("host3", "host1"),
    }
    assert "an earlier task failed on this host" in results.hosts[1].problems[0]


def test_the_sources_of_a_responder_tell_the_directions_apart() -> None:
    found = pairs(2, {(1, 2): SILENCE})
    assert (found["host1", "host2"].arrived, found["host2", "host1"].arrived) == (False, True)


def test_without_the_sources_of_a_responder_nothing_is_known() -> None:
    given = fleet(2)
    given[1]["absent"] = {"sources": None}
    assert [pair.arrived for pair in read_results(given, 20).pairs] == [None, True]


def test_the_deprecated_module_named_the_sources_otherwise() -> None:
    given = fleet(2)
    for entry in given:
        entry["absent"]["heard"] = entry["absent"].pop("sources")
    assert [pair.arrived for pair in read_results(given, 20).pairs] == [True, True]


def test_a_host_says_what_its_daemon_says() -> None:
    (host,) = read_results(fleet(1), 20).hosts
    assert (host.subnet, host.public_ip) == ("100.96.1.0/24", "192.0.2.11")
    assert (host.backend, host.datapath, host.release) == ("udp", "userspace", "abc123")
    assert (host.mtu, host.overlay_mtu, host.offloads) == (1472, 1472, ("tun-gso",))


def test_a_host_of_flannel_needs_no_daemon_of_weft() -> None:
    (host,) = read_results([{"name": "one", "started": started(1, daemon=None)}], 20).hosts
    assert (host.subnet, host.backend, host.problems) == ("100.96.1.0/24", "", ())


def test_problems_of_reading_and_of_the_agent_are_the_hosts() -> None:
    daemon = {"agent": {"problems": ["no lease"]}, "datapath": None, "problems": ["it is down"]}
    (host,) = read_results([{"name": "one", "started": started(1, daemon=daemon)}], 20).hosts
    assert host.problems == ("it is down", "no lease")


def test_figures_of_throughput_belong_to_their_pair() -> None:
    given = fleet(2)
    given[0]["measured"] = {"throughput": [{"name": "host2", "mbit": 812.4, "error": ""}]}
    there, back = read_results(given, 20).pairs
    assert (there.throughput_mbit, back.throughput_mbit) == (812.4, None)
