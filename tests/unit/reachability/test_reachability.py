# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ports that hosts test on each other, and the verdict on the results."""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import Any

import pytest

from ansible_collections.weft.overlay.plugins.module_utils.reachability.ports import Port, Protocol
from ansible_collections.weft.overlay.plugins.module_utils.reachability.rules import rejecting_rule
from ansible_collections.weft.overlay.plugins.plugin_utils.reachability.targets import (
    TARGETS_MAX,
    backend_ports,
    port_targets,
)
from ansible_collections.weft.overlay.plugins.plugin_utils.reachability.verdict import (
    blocked_ports,
    port_problem,
)

PEER = {"protocol": "tcp", "port": 2380}
UDP = {"protocol": "udp", "port": 8472}

# The end of INPUT of a host that admits ssh only.
CLOSED = """*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p icmp -j ACCEPT
-A INPUT -i lo -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A INPUT -j REJECT --reject-with icmp-host-prohibited
COMMIT
"""
REJECT = "-A INPUT -j REJECT --reject-with icmp-host-prohibited"


def host(
    name: str,
    *probes: dict[str, Any],
    served: tuple[dict[str, Any], ...] = (),
    in_use: tuple[dict[str, Any], ...] = (),
) -> dict[str, Any]:
    return {
        "inventory_hostname": name,
        "__reachability_responder": {"served": served, "in_use": in_use},
        "__reachability_probe": {"probes": probes},
    }


def probe(port: dict[str, Any], error: str, target: str = "h1") -> dict[str, Any]:
    return {
        **port,
        "host": target,
        "address": "192.0.2.1",
        "setting": "etcd_peer_port",
        "source": "192.0.2.2",
        "error": error,
    }


class TestTargets:
    def test_each_port_of_each_other_host_is_tested(self) -> None:
        places = {"h1": "https://192.0.2.1:2379", "h2": "192.0.2.2", "h3": "192.0.2.3"}
        targets = port_targets(places, [PEER], "h2", ["h1", "h2"])
        assert targets == [{"host": "h1", "address": "192.0.2.1", **PEER}]

    def test_each_host_of_a_large_fleet_is_tested_by_as_many(self) -> None:
        places = {f"h{number}": f"192.0.2.{number}" for number in range(100)}
        targets = [
            target["host"]
            for name in places
            for target in port_targets(places, [UDP], name, list(places))
        ]
        assert {targets.count(name) for name in places} == {TARGETS_MAX}

    @pytest.mark.parametrize(
        ("backends", "ports"),
        [
            ([{"type": "udp"}], [8285]),
            ([{"Type": "vxlan"}, {"Type": "udp", "Port": 8286}], [8286, 8472]),
            ([{"type": "vxlan", "port": "4789"}], [4789]),
            ([{"type": "host-gw"}], []),
        ],
    )
    def test_the_port_of_a_backend_is_its_own_or_the_default(
        self, backends: list[dict[str, Any]], ports: list[int]
    ) -> None:
        assert [each["port"] for each in backend_ports(backends)] == ports


class TestVerdict:
    @pytest.mark.parametrize("error", ["timed out", "No route to host", "Connection refused"])
    def test_a_port_without_a_reply_is_blocked(self, error: str) -> None:
        hosts = [host("h1", served=(PEER,)), host("h2", probe(PEER, error))]
        assert [(each["host"], each["target"]) for each in blocked_ports(hosts)] == [("h2", "h1")]

    def test_a_port_on_which_nothing_listens_is_not_blocked_by_a_refusal(self) -> None:
        hosts = [host("h1"), host("h2", probe(PEER, "Connection refused"))]
        assert blocked_ports(hosts) == []

    def test_a_udp_port_of_a_running_daemon_is_not_judged(self) -> None:
        hosts = [host("h1", in_use=(UDP,)), host("h2", probe(UDP, "timed out"))]
        assert blocked_ports(hosts) == []

    def test_an_open_port_is_no_problem(self) -> None:
        assert blocked_ports([host("h1", served=(UDP,)), host("h2", probe(UDP, ""))]) == []
        assert port_problem([], []) == ""

    def test_the_pair_the_port_and_the_rule_are_named(self) -> None:
        blocked = blocked_ports(
            [host("h1", served=(PEER,)), host("h2", probe(PEER, "No route to host"))]
        )
        rule = {**PEER, "source": "192.0.2.2", "address": "192.0.2.1", "rule": REJECT}
        message = port_problem(blocked, [rule])
        assert "h2 cannot reach TCP 2380 (etcd_peer_port) of h1 at 192.0.2.1" in message
        assert f"{REJECT} of h1 rejects it" in message
        assert "iptables -I INPUT -p tcp -s 192.0.2.2 --dport 2380 -j ACCEPT" in message

    def test_ports_with_the_same_cause_share_a_sentence(self) -> None:
        client = {"protocol": "tcp", "port": 2379}
        hosts = [
            host("h1", served=(PEER, client)),
            host("h2", probe(PEER, "timed out"), probe(client, "timed out")),
            host("h3", probe(PEER, "timed out") | {"source": "192.0.2.3"}),
        ]
        message = port_problem(blocked_ports(hosts), [])
        assert message.startswith("h2, h3 cannot reach TCP 2380 (etcd_peer_port), 2379")
        assert message.count("cannot reach") == 1

    def test_without_a_rule_the_message_says_where_to_look(self) -> None:
        blocked = blocked_ports([host("h1", served=(UDP,)), host("h2", probe(UDP, "timed out"))])
        assert "nft list ruleset" in port_problem(blocked, [])


@pytest.mark.parametrize(("number", "rule"), [(2380, REJECT), (22, "")])
def test_the_rule_that_rejects_a_packet_is_found(number: int, rule: str) -> None:
    source, own = IPv4Address("192.0.2.2"), IPv4Address("192.0.2.1")
    assert rejecting_rule(CLOSED, source, own, "eth0", Port(Protocol.TCP, number)) == rule
