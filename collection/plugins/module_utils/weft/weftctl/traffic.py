# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packets that stand for the overlay's traffic, and what the host's rules do with them. No I/O."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address

from ..host.overlay_plan import active_backends
from ..kernel.firewall import desired_chains, tables_to_repair
from .advice import RESTART_AGENT, START_AGENT
from .facts import BRIDGE, HostFacts
from .host.verdict import Fate, Packet, Ruleset, Verdict, judge, with_first

_NO_RULES = Ruleset({}, {})
# Docker lets the operator's rules there stand before its own, whenever it starts.
_USER_CHAIN = "DOCKER-USER"


@dataclass(frozen=True, slots=True)
class Crossing:
    """A packet at one chain, and its verdict."""

    table: str
    chain: str
    packet: Packet
    verdict: Verdict


def container_of(facts: HostFacts) -> IPv4Address:
    """An address that a container of this host may have."""
    return facts.own.subnet.network_address + 2 if facts.own else IPv4Address(0)


def remote_container_of(facts: HostFacts) -> IPv4Address:
    """An address that a container of another host may have."""
    if facts.peers:
        return facts.peers[0].subnet.network_address + 2
    return facts.network.network.broadcast_address - 1 if facts.network else IPv4Address(0)


def inbound(facts: HostFacts, remote: IPv4Address, device: str) -> Iterator[Crossing]:
    """What comes from a remote container by a device of the overlay for one of this host's."""
    bridge = facts.bridge.name if facts.bridge else BRIDGE
    packet = Packet(remote, container_of(facts), device, bridge)
    for address in sorted(_closed_containers(facts)):
        closed = Packet(remote, address, device)
        yield _crossing(facts, "raw", "PREROUTING", closed)
    yield _crossing(facts, "filter", "FORWARD", packet)


def outbound(facts: HostFacts, remote: IPv4Address, device: str) -> Crossing:
    """What a container of this host sends to a remote one."""
    bridge = facts.bridge.name if facts.bridge else BRIDGE
    packet = Packet(container_of(facts), remote, bridge, device)
    return _crossing(facts, "filter", "FORWARD", packet)


def between_own_containers(facts: HostFacts) -> Crossing:
    """What one container of this host sends to another, where bridged packets meet iptables."""
    own, bridge = container_of(facts), facts.bridge.name if facts.bridge else BRIDGE
    return _crossing(facts, "filter", "FORWARD", Packet(own, own + 1, bridge, bridge))


def encapsulated(facts: HostFacts, peer: IPv4Address) -> Iterator[Crossing]:
    """The datagrams from and to a peer on the underlay, for each backend that has a port."""
    underlay, network = facts.underlay, facts.network
    if underlay is None or network is None:
        return
    for backend in active_backends(facts.settings, network):
        if backend.port is None:
            continue
        port, interface = backend.port, underlay.interface
        received = Packet(peer, underlay.address, interface, "", "udp", port, "LOCAL")
        sent = Packet(underlay.address, peer, "", interface, "udp", port)
        yield _crossing(facts, "filter", "INPUT", received)
        yield _crossing(facts, "filter", "OUTPUT", sent)


def forward_mend(facts: HostFacts, crossing: Crossing) -> str:
    """The command that lets a forwarded packet through, and nothing but the overlay's.

    It never takes a rule away: what that keeps out beside the overlay's traffic is not known here.
    """
    if facts.plan is None:
        return RESTART_AGENT
    overlay, table = facts.plan.traffic, crossing.table
    tables = {name: ruleset.chains for name, ruleset in facts.rulesets.items()}
    if facts.settings.firewall and table in tables_to_repair(overlay, tables):
        return RESTART_AGENT if facts.agent.get("running") else START_AGENT
    for rules in desired_chains(overlay, direct_access_dropped=True)[table].values():
        for rule in rules:
            for chain in (_USER_CHAIN, crossing.chain):
                admitted = with_first(_rules(facts, table), chain, rule)
                if judge(admitted, crossing.chain, crossing.packet).fate is Fate.ACCEPTED:
                    return f"iptables -t {table} -I {chain} {rule}"
    return RESTART_AGENT


def _closed_containers(facts: HostFacts) -> set[IPv4Address]:
    """The containers whose address Docker closes in the table raw, as it does since 28."""
    found = set()
    for rule in _rules(facts, "raw").chains.get("PREROUTING", ()):
        words = rule.split()
        if words[:1] == ["-d"] and words[-1] == "DROP" and words[1].endswith("/32"):
            address = IPv4Address(words[1].removesuffix("/32"))
            if facts.own and address in facts.own.subnet:
                found.add(address)
    return found


def _rules(facts: HostFacts, table: str) -> Ruleset:
    return facts.rulesets.get(table, _NO_RULES)


def _crossing(facts: HostFacts, table: str, chain: str, packet: Packet) -> Crossing:
    return Crossing(table, chain, packet, judge(_rules(facts, table), chain, packet))
