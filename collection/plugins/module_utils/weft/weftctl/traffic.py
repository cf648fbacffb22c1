# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sample packets of the overlay's traffic, evaluated against the host's firewall rules. No I/O."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address

from ..host.overlay_plan import active_backends
from ..kernel.firewall import desired_chains, tables_to_repair
from .facts import BRIDGE, HostFacts
from .firewall_rules import (
    FirewallVerdict,
    Packet,
    Ruleset,
    RulesetDecision,
    evaluate,
    with_first,
)
from .fixes import RESTART_AGENT, START_AGENT
from .nft_rules import NftChain

_NO_RULES = Ruleset({}, {})
# Docker evaluates this chain before its own rules and never changes it.
_USER_CHAIN = "DOCKER-USER"


@dataclass(frozen=True, slots=True)
class Traversal:
    """A packet that traverses a built-in chain, and the decision of the rules.

    nft_chain: the base chain of nftables, None for a chain of iptables.
    """

    table: str
    chain: str
    packet: Packet
    decision: RulesetDecision
    nft_chain: NftChain | None = None


def container_of(facts: HostFacts) -> IPv4Address:
    """Return an address that a container of this host may have."""
    if facts.own_lease is None:
        return IPv4Address(0)
    return facts.own_lease.subnet.network_address + 2


def remote_container_of(facts: HostFacts) -> IPv4Address:
    """Return an address that a container of another host may have."""
    if facts.peers:
        return facts.peers[0].subnet.network_address + 2
    return facts.network.network.broadcast_address - 1 if facts.network else IPv4Address(0)


def inbound(facts: HostFacts, remote: IPv4Address, device: str) -> Iterator[Traversal]:
    """Evaluate packets from a remote container, received on a device of the overlay."""
    bridge = facts.bridge.name if facts.bridge else BRIDGE
    packet = Packet(remote, container_of(facts), device, bridge)
    for address in sorted(_isolated_containers(facts)):
        yield _traverse(facts, "raw", "PREROUTING", Packet(remote, address, device))
    yield from _traverse_all(facts, "FORWARD", packet)


def outbound(facts: HostFacts, remote: IPv4Address, device: str) -> Iterator[Traversal]:
    """Evaluate a packet from a container of this host to a remote one."""
    bridge = facts.bridge.name if facts.bridge else BRIDGE
    packet = Packet(container_of(facts), remote, bridge, device)
    yield from _traverse_all(facts, "FORWARD", packet)


def between_own_containers(facts: HostFacts) -> Traversal:
    """Evaluate a bridged packet between two containers of this host, as with br_netfilter."""
    own, bridge = container_of(facts), facts.bridge.name if facts.bridge else BRIDGE
    return _traverse(facts, "filter", "FORWARD", Packet(own, own + 1, bridge, bridge))


def encapsulated(facts: HostFacts, peer: IPv4Address) -> Iterator[Traversal]:
    """Evaluate the UDP packets from and to a peer, for each active backend that has a port."""
    underlay, network = facts.underlay, facts.network
    if underlay is None or network is None:
        return
    for backend in active_backends(facts.settings, network):
        if backend.port is None:
            continue
        port, interface = backend.port, underlay.interface
        received = Packet(peer, underlay.address, interface, "", "udp", port, "LOCAL")
        sent = Packet(underlay.address, peer, "", interface, "udp", port)
        yield from _traverse_all(facts, "INPUT", received)
        yield from _traverse_all(facts, "OUTPUT", sent)


def replies_to_host(facts: HostFacts) -> Iterator[Traversal]:
    """Evaluate replies of containers to processes of this host, by the overlay and the bridge."""
    own, bridge = facts.own_lease, facts.bridge
    if own is None:
        return
    source = own.subnet.network_address
    sent = [(remote_container_of(facts), source, device) for device in facts.devices]
    if bridge is not None:
        sent.append((container_of(facts), source + 1, bridge.name))
    for container, address, device in sent:
        reply = Packet(container, address, device, destination_type="LOCAL", state="ESTABLISHED")
        yield from _traverse_all(facts, "INPUT", reply)


def forward_fix(facts: HostFacts, traversal: Traversal) -> str:
    """Return the command that makes the rules accept the overlay's forwarded packets, no others.

    It never deletes a rule, which may also drop other traffic on purpose.
    """
    if facts.plan is None:
        return RESTART_AGENT
    overlay, table = facts.plan.traffic, traversal.table
    if traversal.nft_chain is not None:
        return nft_fix(
            traversal.nft_chain,
            f"ip saddr {overlay.network} ip daddr {overlay.network} accept",
            f"--zone=trusted --add-source={overlay.network}",
        )
    tables = {name: ruleset.chains for name, ruleset in facts.rulesets.items()}
    if facts.settings.firewall and table in tables_to_repair(overlay, tables):
        return RESTART_AGENT if facts.agent.get("running") else START_AGENT
    for rules in desired_chains(overlay, direct_access_dropped=True)[table].values():
        for rule in rules:
            for chain in (_USER_CHAIN, traversal.chain):
                changed = with_first(_rules(facts, table), chain, rule)
                decision = evaluate(changed, traversal.chain, traversal.packet)
                if decision.verdict is FirewallVerdict.ACCEPTED:
                    return f"iptables -t {table} -I {chain} {rule}"
    return RESTART_AGENT


def nft_fix(chain: NftChain, rule: str, firewalld: str) -> str:
    """Return the command that inserts a rule into a base chain, of firewalld in its table."""
    if chain.table == "firewalld":
        return f"firewall-cmd --permanent {firewalld} && firewall-cmd --reload"
    return f"nft insert rule {chain.place} {rule}"


def _isolated_containers(facts: HostFacts) -> set[IPv4Address]:
    """The containers for which Docker (since 28) drops direct access in the table raw."""
    found = set()
    for rule in _rules(facts, "raw").chains.get("PREROUTING", ()):
        words = rule.split()
        if words[:1] == ["-d"] and words[-1] == "DROP" and words[1].endswith("/32"):
            address = IPv4Address(words[1].removesuffix("/32"))
            if facts.own_lease and address in facts.own_lease.subnet:
                found.add(address)
    return found


def _rules(facts: HostFacts, table: str) -> Ruleset:
    return facts.rulesets.get(table, _NO_RULES)


def _traverse(facts: HostFacts, table: str, chain: str, packet: Packet) -> Traversal:
    return Traversal(table, chain, packet, evaluate(_rules(facts, table), chain, packet))


def _traverse_all(facts: HostFacts, chain: str, packet: Packet) -> Iterator[Traversal]:
    """Evaluate a built-in chain of the table filter and the base chains of nftables there.

    A packet must be accepted by all of them.
    """
    yield _traverse(facts, "filter", chain, packet)
    for base in facts.nft_chains:
        if base.hook == chain.lower():
            yield Traversal("filter", chain, packet, base.evaluate(packet), base)
