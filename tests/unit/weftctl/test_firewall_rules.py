# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ipaddress import IPv4Address
from pathlib import Path

import pytest

from ansible_collections.weft.overlay.plugins.module_utils.weft.weftctl.firewall_rules import (
    FirewallVerdict,
    Packet,
    Ruleset,
    evaluate,
    parse_rulesets,
)

RECORDED = Path(__file__).parents[2] / "kernel/recorded"
ACCEPTED, DROPPED, UNCERTAIN = FirewallVerdict
PACKET = Packet(
    IPv4Address("192.0.2.12"),
    IPv4Address("192.0.2.11"),
    "eth0",
    "",
    "udp",
    destination_port=8285,
    destination_type="LOCAL",
)


def fate_of(rule: str, packet: Packet = PACKET) -> FirewallVerdict:
    """What one rule in a chain that accepts otherwise does."""
    return evaluate(Ruleset({"INPUT": (rule,)}, {"INPUT": "ACCEPT"}), "INPUT", packet).verdict


@pytest.mark.parametrize(
    "conditions",
    [
        "",
        "-s 192.0.2.0/24",
        "-d 192.0.2.11/32",
        "! -s 10.0.0.0/8",
        "-i eth0",
        "-i eth+",
        "! -i docker0",
        "-p udp",
        "! -p tcp",
        "-p all",
        "-p udp -m udp --dport 8285",
        "-p udp -m udp --dport 8000:",
        "-p udp -m udp --dport :9000",
        "-p udp -m udp ! --dport 22",
        "-p udp -m multiport --dports 53,8000:8300",
        "-m conntrack --ctstate INVALID,NEW",
        "-m state --state NEW",
        "-m addrtype --dst-type LOCAL",
        "-m addrtype --dst-type UNICAST,LOCAL",
        "-m addrtype ! --dst-type MULTICAST",
        '-m comment --comment "drop: all -j of it"',
    ],
)
def test_conditions_that_hold(conditions: str) -> None:
    assert fate_of(f"{conditions} -j DROP".strip()) is DROPPED


@pytest.mark.parametrize(
    "conditions",
    [
        "-s 10.0.0.0/8",
        "! -s 192.0.2.0/24",
        "-d 192.0.2.12/32",
        "-i docker0",
        "! -i eth0",
        "-o eth0",
        "-p tcp",
        "-p udp -m udp --dport 8472",
        "-p udp -m udp ! --dport 8285",
        "-p udp -m multiport --dports 53,67:68",
        "-m conntrack --ctstate RELATED,ESTABLISHED",
        "-m addrtype --dst-type BROADCAST",
        "-m addrtype ! --dst-type LOCAL",
        # A condition that fails decides, whatever the others.
        "-m limit --limit 5/sec -i docker0",
    ],
)
def test_conditions_that_do_not_hold(conditions: str) -> None:
    assert fate_of(f"{conditions} -j DROP") is ACCEPTED


@pytest.mark.parametrize(
    "conditions",
    [
        "-m limit --limit 5/sec",
        "-m set --match-set trusted src",
        "-m set ! --match-set trusted src",
        "-m socket",
        "-s 10.0.0.1/0.255.0.255x",
        "--dport http",
    ],
)
def test_conditions_that_nobody_can_tell_here(conditions: str) -> None:
    assert fate_of(f"{conditions} -j DROP") is UNCERTAIN
    # Where both ways come to the same, there is no doubt.
    assert fate_of(f"{conditions} -j ACCEPT") is ACCEPTED


def test_a_packet_of_any_protocol_may_be_the_one_that_is_dropped() -> None:
    anything = Packet(PACKET.source, PACKET.destination, "eth0")
    assert fate_of("-p tcp -j DROP", anything) is UNCERTAIN
    assert fate_of("-p udp -m udp --dport 53 -j DROP", anything) is UNCERTAIN


def test_chains_are_entered_and_left() -> None:
    chains = {
        "INPUT": ("-j LOG --log-prefix x", "-j FIRST", "-j LAST"),
        "FIRST": ("-i eth0 -j RETURN", "-j DROP"),
        "LAST": ("-g DEEP",),
        "DEEP": ("-j REJECT --reject-with icmp-port-unreachable",),
    }
    decision = evaluate(Ruleset(chains, {"INPUT": "ACCEPT"}), "INPUT", PACKET)
    assert decision.verdict is DROPPED
    assert decision.rule == "-A DEEP -j REJECT --reject-with icmp-port-unreachable"


def test_a_doubtful_jump_is_a_doubt() -> None:
    chains: dict[str, tuple[str, ...]] = {
        "INPUT": ("-m limit --limit 1/sec -j WAY",),
        "WAY": ("-j DROP",),
    }
    decision = evaluate(Ruleset(chains, {}), "INPUT", PACKET)
    doubtful = "-A INPUT -m limit --limit 1/sec -j WAY"
    assert (decision.verdict, decision.rule) == (UNCERTAIN, doubtful)


def test_a_doubtful_return_is_a_doubt_where_going_on_comes_to_something_else() -> None:
    leave = "-m limit --limit 1/sec -j RETURN"
    doubt = ("-A INPUT " + leave, "-A WAY " + leave)
    chains: dict[str, tuple[str, ...]] = {"INPUT": (leave, "-j DROP")}
    decision = evaluate(Ruleset(chains, {"INPUT": "ACCEPT"}), "INPUT", PACKET)
    assert (decision.verdict, decision.rule) == (UNCERTAIN, doubt[0])
    assert evaluate(Ruleset(chains, {"INPUT": "DROP"}), "INPUT", PACKET).verdict is DROPPED

    chains = {"INPUT": ("-j WAY", "-p udp -j ACCEPT"), "WAY": (leave, "-j DROP")}
    decision = evaluate(Ruleset(chains, {"INPUT": "DROP"}), "INPUT", PACKET)
    assert (decision.verdict, decision.rule) == (UNCERTAIN, doubt[1])
    chains["WAY"] = (leave, "-p tcp -j DROP")
    assert evaluate(Ruleset(chains, {"INPUT": "DROP"}), "INPUT", PACKET).verdict is ACCEPTED


def test_ufw_as_recorded_is_told_with_and_without_a_rule_for_the_port() -> None:
    text = (RECORDED / "ufw-0.36.2.rules").read_text()
    closed = evaluate(parse_rulesets(text)["filter"], "INPUT", PACKET)
    assert (closed.verdict, closed.rule) == (DROPPED, "the policy DROP of INPUT")
    # As by: ufw allow proto udp from 192.0.2.12 to any port 8285
    allow = "-A ufw-user-input -s 192.0.2.12/32 -p udp -m udp --dport 8285 -j ACCEPT"
    opened = text.replace("COMMIT", f"{allow}\nCOMMIT")
    decision = evaluate(parse_rulesets(opened)["filter"], "INPUT", PACKET)
    assert (decision.verdict, decision.rule) == (ACCEPTED, allow)
    sent = Packet(PACKET.destination, PACKET.source, "", "eth0", "udp", 8285)
    assert evaluate(parse_rulesets(text)["filter"], "OUTPUT", sent).verdict is ACCEPTED


def test_ufw_as_recorded_forwards_no_more_than_icmp() -> None:
    ruleset = parse_rulesets((RECORDED / "ufw-0.36.2.rules").read_text())["filter"]
    inbound = Packet(IPv4Address("100.96.2.2"), IPv4Address("100.96.1.2"), "flannel0", "docker0")
    decision = evaluate(ruleset, "FORWARD", inbound)
    assert (decision.verdict, decision.rule) == (
        DROPPED,
        "the policy DROP of FORWARD",
    )


def test_the_policy_decides_in_the_end() -> None:
    decision = evaluate(Ruleset({"INPUT": ()}, {"INPUT": "DROP"}), "INPUT", PACKET)
    assert (decision.verdict, decision.rule) == (
        DROPPED,
        "the policy DROP of INPUT",
    )
    assert evaluate(Ruleset({}, {}), "INPUT", PACKET).verdict is ACCEPTED


def test_chains_that_lead_to_themselves_end() -> None:
    loop = Ruleset({"INPUT": ("-j A",), "A": ("-j A",)}, {"INPUT": "DROP"})
    assert evaluate(loop, "INPUT", PACKET).verdict is DROPPED


def test_policies_are_read_by_table() -> None:
    rulesets = parse_rulesets(
        "*filter\n:FORWARD DROP [1:2]\n:OWN - [0:0]\n-A OWN -j ACCEPT\nCOMMIT\n"
        "*nat\n:POSTROUTING ACCEPT [0:0]\nCOMMIT\n"
    )
    assert rulesets["filter"].policies == {"FORWARD": "DROP"}
    assert rulesets["filter"].chains["OWN"] == ("-j ACCEPT",)
    assert rulesets["nat"].policies == {"POSTROUTING": "ACCEPT"}


@pytest.mark.parametrize("version", ["20.10", "26.1", "28.5"])
def test_docker_as_recorded_keeps_the_overlay_out(version: str) -> None:
    rulesets = parse_rulesets((RECORDED / f"docker-{version}.rules").read_text())
    inbound = Packet(IPv4Address("100.96.2.2"), IPv4Address("100.96.1.2"), "flannel0", "docker0")
    assert evaluate(rulesets["filter"], "FORWARD", inbound).verdict is DROPPED
