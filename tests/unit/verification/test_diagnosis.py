# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.weft.overlay.plugins.plugin_utils.verification.diagnosis import problems
from ansible_collections.weft.overlay.plugins.plugin_utils.verification.results import read_results

from .returned import LOST, SILENCE, Faults, address, fleet, started, status


def reported(
    count: int, faults: Faults, hosts: dict[int, dict[str, Any]] | None = None
) -> list[str]:
    return problems(read_results(fleet(count, faults, hosts), 20))


def error(words: str) -> dict[str, Any]:
    return {**SILENCE, "tcp": {**LOST, "error": words}}


@pytest.mark.parametrize("count", [0, 1, 2, 5])
def test_a_fleet_without_faults_has_no_problems(count: int) -> None:
    assert reported(count, {}) == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (SILENCE, ["timed out", "packets from host1 to host2 are lost", "'weftctl status'"]),
        (
            error("Network is unreachable"),
            ["host1 has no lease for 100.96.2.2", "'weftctl leases'"],
        ),
        (error("No route to host"), ["host1 has no route to 100.96.2.2", "'weftctl status'"]),
        (
            {**SILENCE, "echo_error": "No route to host"},
            ["No route to host", "host1 has no route to 100.96.2.2"],
        ),
        (error("Connection refused"), ["the responder on host2", "'docker ps'"]),
        ({"tcp": LOST}, ["TCP to a port that is not published", "'iptables -S FORWARD'"]),
        ({"udp": LOST, "path_mtu": None}, ["UDP is not answered", "'weftctl doctor'"]),
        ({"received": 0, "round_trip_ms": None}, ["none of 5 echo requests", "but TCP is"]),
        (
            {"received": 0, "round_trip_ms": None, "tcp": LOST},
            ["none of 5 echo requests", "but UDP is"],
        ),
        (
            {"tcp": {"name": "host7", "source": address(1), "error": ""}},
            ["host7 replies instead", "'weftctl trace 100.96.2.2' on host1"],
        ),
        ({"received": 2}, ["3 of 5 echo requests are lost", "'weftctl peers'"]),
    ],
)
def test_a_pair_is_reported_with_the_result_and_the_next_step(
    changes: dict[str, Any], words: list[str]
) -> None:
    (sentence,) = reported(2, {(1, 2): changes})
    assert sentence.startswith("host1 -> host2: ")
    for word in words:
        assert word in sentence


def test_arrived_requests_mean_that_the_replies_are_lost() -> None:
    given = fleet(2, {(1, 2): {**SILENCE}})
    (sentence,) = problems(read_results(given, 20))
    assert sentence.startswith(
        "host1 -> host2: the requests arrive, but the replies do not: packets from host2 to "
        "host1 are lost"
    )


def test_a_changed_source_names_the_host_that_changes_it() -> None:
    rewritten = {"name": "host1", "source": "192.0.2.13", "error": ""}
    (sentence,) = reported(3, {(3, 1): {"tcp": rewritten}})
    assert sentence.startswith(
        "host3 -> host1: source address changed from 100.96.3.2 to 192.0.2.13"
    )
    assert "rule on host3" in sentence
    assert "iptables -t nat -S POSTROUTING" in sentence


@pytest.mark.parametrize(
    ("changes", "hosts", "words"),
    [
        (
            {"expected_mtu": 1500},
            {1: {"mtu": 1500}},
            "the bridge of host1 has MTU 1500, its overlay 1472: run weft.overlay.site",
        ),
        (
            {"path_mtu": 1422},
            {2: {"mtu": 1422, "daemon": status(2, mtu=1422)}},
            "host2 has MTU 1422, host1 1472: set the same MTU on the underlay interfaces",
        ),
        (
            {"path_mtu": 1372, "path_mtu_told_by": "192.0.2.1"},
            {},
            "192.0.2.1 reports the path MTU, so TCP adapts: set 'mtu: 1400' in overlay_backend",
        ),
        (
            {"path_mtu": 1372},
            {},
            "no router reports the path MTU, so TCP connections hang on large packets: the path "
            "MTU "
            "of the link between 192.0.2.11 and 192.0.2.12 is smaller than the MTU of its "
            "interfaces: set 'mtu: 1400' in overlay_backend, or set these to the MTU of 1400 bytes",
        ),
        (
            {"path_mtu": 1350},
            {1: {"daemon": status(1, backend="vxlan")}},
            "set these to the MTU of 1400 bytes",
        ),
        ({"path_mtu": 1350}, {1: {"daemon": None}}, "set these to the MTU of the path"),
    ],
)
def test_a_small_path_mtu_has_a_cause(
    changes: dict[str, Any], hosts: dict[int, dict[str, Any]], words: str
) -> None:
    (sentence,) = reported(2, {(1, 2): changes}, hosts)
    assert sentence.startswith("host1 -> host2: packets of more than ")
    assert words in sentence


def test_an_unreachable_host_is_reported_once_with_its_status() -> None:
    cut_off: Faults = {(1, 2): SILENCE, (3, 2): SILENCE, (2, 1): SILENCE, (2, 3): SILENCE}
    own = {2: {"daemon": status(2, problems=["etcd is unreachable"])}}
    assert reported(3, cut_off, own) == [
        "host2 is unreachable from all hosts: 'weftctl status' reports: etcd is unreachable: UDP "
        "8285 is blocked there, or weftd or Docker is down: run 'weftctl doctor' on host2"
    ]


def every_pair(count: int) -> Faults:
    numbers = range(1, count + 1)
    return {(one, other): SILENCE for one in numbers for other in numbers if one != other}


def test_a_port_that_is_blocked_everywhere_is_one_problem_with_its_number() -> None:
    assert reported(4, every_pair(4)) == [
        "no host reaches another through the overlay: UDP 8285 is blocked on every path: allow it "
        "between all hosts. If 'weftctl doctor' finds no fault on the hosts, the network drops UDP "
        "8285: set another port or backend in overlay_backend"
    ]
    own = {2: {"daemon": status(2, problems=["port 8285 is taken"])}}
    (found,) = reported(3, every_pair(3), own)
    assert found.endswith("'weftctl status' reports on host2: port 8285 is taken")


def test_a_port_that_is_blocked_between_two_hosts_leads_to_the_network_between_them() -> None:
    for found in reported(4, {(1, 2): SILENCE, (2, 1): SILENCE}):
        assert "check that UDP 8285 is open" in found
        assert "the network between them drops UDP 8285: set another port or backend" in found


def test_of_several_narrow_paths_the_setting_that_fits_all_is_last() -> None:
    found = reported(3, {(1, 2): {"path_mtu": 1372}, (3, 2): {"path_mtu": 1300}})
    assert found[-1].startswith("2 paths have a smaller MTU than the interfaces: 'mtu: 1328' in ")
    assert len(reported(3, {(1, 2): {"path_mtu": 1372}})) == 1


def test_the_address_of_the_overlays_device_is_not_taken_for_another_programs_rule() -> None:
    own = {"name": "host1", "source": "100.96.3.0", "error": ""}
    (found,) = reported(3, {(3, 1): {"tcp": own}})
    assert "100.96.3.0 is the address of the overlay's device on host3" in found
    assert "comes before WEFT-POSTROUTING" not in found


def test_an_unreachable_host_does_not_hide_another_pair() -> None:
    first, second = reported(
        4, {(1, 2): SILENCE, (3, 2): SILENCE, (4, 2): SILENCE, (3, 4): SILENCE}
    )
    assert first.startswith("host2 is unreachable from all hosts")
    assert second.startswith("host3 -> host4: ")


def test_of_two_hosts_none_is_called_unreachable() -> None:
    assert [one[:14] for one in reported(2, {(1, 2): SILENCE, (2, 1): SILENCE})] == [
        "host1 -> host2",
        "host2 -> host1",
    ]


def test_a_fault_with_all_other_hosts_is_reported_once() -> None:
    narrow = {"path_mtu": 1372}
    to_all: Faults = {(2, other): narrow for other in (1, 3, 4)}
    (sentence,) = reported(4, to_all)
    assert sentence.startswith("host2 -> every other host: packets of more than 1372 bytes")
    assert "the path MTU of the link of 192.0.2.12 is smaller" in sentence
    from_all: Faults = {(other, 2): narrow for other in (1, 3, 4)}
    (sentence,) = reported(4, from_all)
    assert sentence.startswith("every other host -> host2: packets of more than 1372 bytes")
    assert "the path MTU of the link of 192.0.2.12 is smaller" in sentence


def test_different_path_mtus_are_not_joined() -> None:
    sentences = reported(3, {(2, 1): {"path_mtu": 1372}, (2, 3): {"path_mtu": 1300}})
    assert [one[:14] for one in sentences[:2]] == ["host2 -> host1", "host2 -> host3"]


def test_the_status_of_a_host_of_the_pair_is_reported() -> None:
    own = {2: {"daemon": status(2, problems=["its MTU is wrong"])}}
    (sentence,) = reported(2, {(1, 2): {"tcp": LOST}}, own)
    assert sentence.endswith("; 'weftctl status' on host2 reports: its MTU is wrong")


def test_containers_with_the_same_address_need_a_bip() -> None:
    sentence, _other = reported(2, {}, {2: {"address": address(1)}})
    assert sentence.startswith("host1 -> host2: both are 100.96.1.2: ")
    assert "bip" in sentence


def test_probes_that_did_not_run_refer_to_the_play() -> None:
    given = fleet(2)
    given[0]["probed"] = {}
    (sentence,) = problems(read_results(given, 20))
    assert sentence.startswith("host1 -> host2: the probes did not run: ")


DAEMON = "'docker image inspect weft/busybox': Cannot connect to the Docker daemon at unix:///x."
PULL = "'docker image pull weft/busybox': no such host"


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (
            {"started": {"failed": True, "msg": DAEMON}, "left": True},
            "host9: no container was started: 'docker image inspect weft/busybox': Cannot "
            "connect to the Docker daemon at unix:///x: see 'systemctl status docker' there, and "
            "verify again",
        ),
        (
            {"started": {"failed": True, "msg": PULL}, "left": True},
            f"host9: no container was started: {PULL}: the network is not affected, and "
            "--skip-tags verify leaves the verification out. Remove verify_image, so that the host "
            "makes an image itself, or set it to an image that the host can pull or to an archive "
            "on the host, and verify again",
        ),
        (
            {"started": {"failed": True, "msg": "no\n space"}},
            "host9: no container was started: no space: see 'docker info' there, and verify again",
        ),
        (
            {"started": {"unreachable": True, "msg": "timed out"}, "left": True},
            "host9: no container was started: Ansible cannot connect to the host (timed out): "
            "check that it runs and that SSH accepts this controller, and verify again",
        ),
        (
            {"started": started(9), "probed": {"failed": True, "msg": "killed"}, "left": True},
            "host9: the probes of its container failed: killed: see the play's output "
            "above, and verify again",
        ),
        (
            {"started": started(9), "left": True},
            "host9: no container was started: an earlier task failed on this host: fix the error "
            "in the play's output above, and verify again",
        ),
        (
            {},
            "host9: no container was started: see the play's output above, and verify again",
        ),
    ],
)
def test_a_host_without_a_container_is_named_with_the_reason_and_the_next_step(
    entry: dict[str, Any], words: str
) -> None:
    assert problems(read_results([*fleet(2), {"name": "host9", **entry}], 20)) == [words]


def test_a_fleet_without_containers_has_problems() -> None:
    entries = [
        {"name": name, "started": {"failed": True, "msg": DAEMON}, "left": True}
        for name in ("host1", "host2")
    ]
    assert [one.partition(": ")[0] for one in problems(read_results(entries, 20))] == [
        "host1",
        "host2",
    ]


def test_hosts_without_a_container_are_reported_before_the_pairs() -> None:
    entries = [*fleet(2, {(1, 2): SILENCE}), {"name": "host9"}]
    first, second = problems(read_results(entries, 20))
    assert first.startswith("host9: ")
    assert second.startswith("host1 -> host2: ")
