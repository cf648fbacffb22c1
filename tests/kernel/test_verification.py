# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Verdicts of real faults: packets between containers in network namespaces."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from . import overlay_hosts
from .namespaces import Namespaces
from .overlay_hosts import raise_hosts
from .probed_fleet import MTU, PORT, ProbedFleet, raise_fleet

ONE, TWO = "100.96.1.2", "100.96.2.2"


def verdicts(results: dict[str, Any]) -> dict[tuple[str, str], str]:
    """The pairs that are not well."""
    return {
        (pair["from"], pair["to"]): pair["verdict"]
        for pair in results["document"]["pairs"]
        if pair["verdict"] != "ok"
    }


def pair(results: dict[str, Any], source: str, destination: str) -> dict[str, Any]:
    """One pair of the document."""
    found: dict[str, Any] = next(
        each
        for each in results["document"]["pairs"]
        if (each["from"], each["to"]) == (source, destination)
    )
    return found


def test_where_all_is_well_every_pair_is_ok_and_measured(made: Namespaces) -> None:
    fleet = raise_fleet(made, 3)
    results = fleet.verify()
    assert (verdicts(results), results["problems"]) == ({}, [])
    assert len(results["document"]["pairs"]) == 6
    there = pair(results, "host1", "host2")
    assert (there["answer"], there["source_seen"]) == (ONE, ONE)
    assert (there["sent"], there["received"]) == (5, 5)
    trip = there["round_trip_ms"]
    assert 0 < trip["min"] <= trip["median"] <= trip["max"]
    assert (there["path_mtu"], there["expected_mtu"]) == (MTU, MTU)
    assert fleet.throughput(1, 2) > 1


def test_a_narrow_path_that_nobody_tells_of_is_measured_to_the_byte(made: Namespaces) -> None:
    fleet = raise_fleet(made, 2)
    # Longer packets vanish on the way to the second host, as in a tunnel of a provider's.
    fleet.machine(2).namespace.run(
        *("iptables", "-A", "FORWARD", "-d", TWO, "-m", "length", "--length", "1412:65535"),
        *("-j", "DROP"),
    )
    results = fleet.verify()
    assert verdicts(results) == {("host1", "host2"): "mtu"}
    there = pair(results, "host1", "host2")
    assert (there["path_mtu"], there["expected_mtu"]) == (1411, MTU)
    assert pair(results, "host2", "host1")["path_mtu"] == MTU
    (problem,) = results["problems"]
    assert problem.startswith(
        "host1 -> host2: packets of more than 1411 bytes are lost, and containers send up to 1500 "
        "bytes: no router reports the path MTU, so TCP connections hang"
    )


def test_a_router_that_reports_a_small_path_mtu_is_named(made: Namespaces) -> None:
    fleet = raise_fleet(made, 2)
    fleet.machine(1).namespace.ip("link", "set", "eth0", "mtu", "1431")
    results = fleet.verify()
    assert pair(results, "host1", "host2")["path_mtu"] == 1431
    assert "100.96.1.1 reports the path MTU, so TCP adapts" in results["problems"][0]


def test_the_direction_of_the_loss_is_found(made: Namespaces) -> None:
    fleet = raise_fleet(made, 2)
    fleet.machine(2).namespace.run(
        *("iptables", "-A", "FORWARD", "-s", ONE, "-d", TWO, "-j", "DROP")
    )
    results = fleet.verify()
    assert set(verdicts(results).values()) == {"fail"}
    assert pair(results, "host1", "host2")["answer"] == "timed out"
    back = pair(results, "host2", "host1")
    assert back["answer"] == "the requests arrive, but the replies do not"
    assert (back["sent"], back["received"], back["path_mtu"]) == (5, 0, None)
    # Both sentences name the direction that is broken.
    assert all("packets from host1 to host2 are lost" in each for each in results["problems"])


def test_a_changed_source_address_is_found(made: Namespaces) -> None:
    fleet = raise_fleet(made, 2)
    fleet.machine(1).namespace.run(
        *("iptables", "-t", "nat", "-A", "POSTROUTING", "-s", ONE, "-o", "eth0"),
        *("-j", "MASQUERADE"),
    )
    results = fleet.verify()
    assert verdicts(results) == {("host1", "host2"): "source"}
    assert pair(results, "host1", "host2")["source_seen"] == "10.168.0.11"
    assert f"source address changed from {ONE} to 10.168.0.11" in results["problems"][0]


@pytest.mark.parametrize(
    ("rule", "verdict", "words"),
    [
        (("-p", "tcp", "--dport", str(PORT)), "tcp", "TCP to a port that is not published"),
        (("-p", "udp", "--dport", str(PORT)), "fail", "UDP is not answered: timed out"),
        (("-p", "icmp"), "fail", "none of 5 echo requests is answered, but TCP is"),
        (("!", "-p", "icmp"), "fail", "echo requests are answered, UDP and TCP are not"),
    ],
)
def test_the_protocol_that_a_firewall_drops_is_named(
    made: Namespaces, rule: tuple[str, ...], verdict: str, words: str
) -> None:
    fleet = raise_fleet(made, 2)
    fleet.machine(2).namespace.run(
        *("iptables", "-A", "FORWARD", "-s", ONE, "-d", TWO, *rule),
        *("-m", "conntrack", "--ctstate", "NEW", "-j", "DROP"),
    )
    results = fleet.verify()
    assert verdicts(results) == {("host1", "host2"): verdict}
    assert words in pair(results, "host1", "host2")["answer"]
    assert "iptables -S FORWARD" in results["problems"][0]


def test_half_of_the_echoes_lost_is_a_fault(made: Namespaces) -> None:
    fleet = raise_fleet(made, 2)
    fleet.machine(2).namespace.run(
        *("iptables", "-A", "FORWARD", "-d", TWO, "-p", "icmp", "--icmp-type", "echo-request"),
        *("-m", "statistic", "--mode", "nth", "--every", "2", "--packet", "0", "-j", "DROP"),
    )
    results = fleet.verify()
    assert verdicts(results) == {("host1", "host2"): "fail"}
    assert pair(results, "host1", "host2")["answer"] in (
        "2 of 5 echo requests are lost",
        "3 of 5 echo requests are lost",
    )


def test_a_missing_route_is_reported_at_once(made: Namespaces) -> None:
    fleet = raise_fleet(made, 2)
    fleet.machine(1).namespace.ip("route", "replace", "unreachable", "100.96.2.0/24")
    results = fleet.verify()
    assert pair(results, "host1", "host2")["answer"] == "No route to host"
    assert "host1 has no route to 100.96.2.2" in results["problems"][0]


def test_a_reply_of_another_host_is_found(made: Namespaces) -> None:
    fleet = raise_fleet(made, 3)
    third = fleet.machine(3)
    third.container.ip("address", "add", f"{TWO}/32", "dev", "lo")
    third.namespace.ip("route", "replace", f"{TWO}/32", "dev", "docker0")
    fleet.machine(1).namespace.ip("route", "replace", "100.96.2.0/24", "via", third.public_ip)
    results = fleet.verify()
    assert pair(results, "host1", "host2")["verdict"] == "fail"
    assert pair(results, "host1", "host2")["answer"] == "host3 replies instead"
    # The third host takes the address for its own, too.
    (problem,) = (each for each in results["problems"] if "-> host2: host3 replies instead" in each)
    assert "weftctl trace 100.96.2.2" in problem


def test_a_host_unreachable_from_all_hosts_is_reported_once(made: Namespaces) -> None:
    fleet = raise_fleet(made, 3)
    fleet.machine(2).namespace.ip("link", "set", "eth0", "down")
    results = fleet.verify()
    assert len(verdicts(results)) == 4
    (problem,) = results["problems"]
    assert problem.startswith("host2 is unreachable from all hosts: ")


def test_a_small_mtu_of_the_underlay_is_found_through_the_userspace_datapath(
    made: Namespaces, tmp_path: Path
) -> None:
    one, two = raise_hosts(made, tmp_path, 2)
    one.apply(two)
    two.apply(one)
    fleet = ProbedFleet([one, two], overlay_hosts.MTU)
    assert verdicts(fleet.verify()) == {}
    one.use_wire_offloads()
    two.use_wire_offloads()
    one.underlay.ip("link", "set", "host2", "mtu", "1396")
    results = fleet.verify()
    assert set(verdicts(results).values()) == {"mtu"}
    # On reception a link passes frames of 4 bytes more than its MTU, for a VLAN's tag.
    measured = {each["path_mtu"] + 28 for each in results["document"]["pairs"]}
    assert measured <= {1396, 1400}
    assert [each["expected_mtu"] for each in results["document"]["pairs"]] == [1500 - 28] * 2


@pytest.mark.timeout(600)
def test_thirty_hosts_probe_each_other_at_once(made: Namespaces) -> None:
    fleet = raise_fleet(made, 30)
    # One direction of one pair is broken among 870.
    fleet.machine(30).namespace.run(
        *("iptables", "-A", "FORWARD", "-s", "100.96.7.2", "-p", "tcp"),
        *("-m", "conntrack", "--ctstate", "NEW", "-j", "DROP"),
    )
    began = time.monotonic()
    results = fleet.verify(timeout=3, attempts=3)
    print(f"30 hosts, 870 pairs, on one machine: {time.monotonic() - began:.1f} s")
    print("\n".join(results["summary"]))
    assert len(results["document"]["pairs"]) == 870
    assert verdicts(results) == {("host7", "host30"): "tcp"}
    assert "870 pairs: . 869 ok, t 1 tcp" in results["summary"]
