# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules daemon_leftovers and peer_info, against a real kernel's tables."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.modules.namespace_host import TABLES, NamespaceHost, namespace_host

LINKS = """\
ip link set lo up
ip link add eth0 type bridge
ip address add 192.0.2.11/24 dev eth0
ip link set eth0 up
ip link add flannel.1 type vxlan id 1 local 192.0.2.11 dev eth0 dstport 8472 nolearning
ip link set flannel.1 alias weft up
ip link add flannel.2 type vxlan id 2 local 192.0.2.11 dev eth0 dstport 8473 nolearning
ip link set flannel.2 up
ip route add 100.96.2.0/24 via 100.96.2.0 dev flannel.1 onlink proto 87
ip neighbour add 100.96.2.0 lladdr 02:00:00:00:00:12 dev flannel.1 nud permanent
bridge fdb add 02:00:00:00:00:12 dev flannel.1 dst 192.0.2.12 self permanent
ip route add 100.96.3.0/24 via 192.0.2.13 dev eth0 proto 87
ip route add 100.96.4.0/24 via 192.0.2.14 dev eth0
"""
RULES = """\
*filter
:WEFT-FORWARD - [0:0]
-A FORWARD -j WEFT-FORWARD
-A FORWARD -i docker0 -j ACCEPT
-A WEFT-FORWARD -s 100.96.0.0/16 -d 100.96.1.0/24 -i flannel.1 -j ACCEPT
COMMIT
*raw
:WEFT-PREROUTING - [0:0]
-A PREROUTING -j WEFT-PREROUTING
COMMIT
"""
SECOND = {"subnet": "100.96.2.0/24", "public_ip": "192.0.2.12"}
THIRD = {"subnet": "100.96.3.0/24", "public_ip": "192.0.2.13"}


@pytest.fixture
def host() -> Iterator[NamespaceHost]:
    with namespace_host("overlay", LINKS, RULES) as host:
        yield host


def everything(host: NamespaceHost) -> str:
    return host.shell(f"{TABLES}; bridge fdb show")


def test_check_mode_reports_the_objects_and_removes_none(host: NamespaceHost) -> None:
    before = everything(host)
    predicted = host.run("daemon_leftovers", "--check", "--diff")
    assert predicted["changed"]
    assert "-iptables-legacy -t filter -A FORWARD -j WEFT-FORWARD" in predicted.output
    assert everything(host) == before


def test_only_the_overlay_is_removed_and_a_second_run_changes_nothing(
    host: NamespaceHost,
) -> None:
    first = host.run("daemon_leftovers")
    assert first["devices"] == ["flannel.1"]
    assert first["routes"] == [
        "100.96.2.0/24 via 100.96.2.0 dev flannel.1 onlink",
        "100.96.3.0/24 via 192.0.2.13 dev eth0",
    ]
    assert {rule.split()[0] for rule in first["rules"]} == {"iptables-nft", "iptables-legacy"}
    left = everything(host)
    assert "WEFT" not in left
    assert left.count("-A FORWARD -i docker0 -j ACCEPT") == 2
    assert "100.96.4.0/24 via 192.0.2.14 dev eth0" in left
    assert "flannel.2" in left
    assert not host.run("daemon_leftovers")["changed"]


def test_entries_without_a_lease_are_stale(host: NamespaceHost) -> None:
    with_both = host.run("peer_info", leases=[SECOND, THIRD])
    assert sorted(entry["kind"] for entry in with_both["entries"]) == [
        "fdb",
        "neighbour",
        "route",
        "route",
    ]
    assert with_both["strays"] == []
    without_second = host.run("peer_info", leases=[THIRD])
    assert sorted(entry["kind"] for entry in without_second["strays"]) == [
        "fdb",
        "neighbour",
        "route",
    ]
    host.shell("ip link delete flannel.1")
    assert host.run("peer_info", leases=[THIRD])["strays"] == []


def test_an_invalid_lease_is_refused(host: NamespaceHost) -> None:
    outcome = host.run("peer_info", leases=[{"subnet": "100.96.2.0/24"}])
    assert outcome.failed
    assert "a lease lacks 'public_ip'" in outcome["msg"]
