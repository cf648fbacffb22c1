# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of the host's iptables rules: forwarded, bridged and encapsulated packets."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address

from ..facts import HostFacts
from ..finding import Check, CheckProblem, Severity
from ..firewall_rules import FirewallVerdict, evaluate, with_first
from ..traffic import (
    Traversal,
    between_own_containers,
    encapsulated,
    forward_fix,
    inbound,
    nft_fix,
    outbound,
    remote_container_of,
    replies_to_host,
)

_PEERS_SHOWN = 8


def _forward_policy(facts: HostFacts) -> list[CheckProblem]:
    """Find rules that drop forwarded packets, or may; Docker sets the policy DROP."""
    return [
        *(
            _dropped_forward(facts, traversal)
            for traversal in _forwarded(facts)
            if traversal.decision.verdict is not FirewallVerdict.ACCEPTED
        ),
        *_unread_rules(facts),
    ]


def _unread_rules(facts: HostFacts) -> Iterator[CheckProblem]:
    """Yield a problem of unknown effect if rules besides those of iptables cannot be read."""
    if "nft_chains" in facts.unreadable:
        yield CheckProblem(
            f"not checked: {facts.unreadable['nft_chains']}",
            "apt-get install nftables",
            Severity.UNKNOWN,
        )


def _forwarded(facts: HostFacts) -> Iterator[Traversal]:
    remote = remote_container_of(facts)
    for device in facts.devices:
        yield from inbound(facts, remote, device)
        yield from outbound(facts, remote, device)


def _dropped_forward(facts: HostFacts, traversal: Traversal) -> CheckProblem:
    packet, rule = traversal.packet, traversal.decision.rule
    packets = f"packets from {packet.source} to {packet.destination} received on {packet.in_device}"
    fix = forward_fix(facts, traversal)
    if traversal.decision.verdict is FirewallVerdict.DROPPED:
        return CheckProblem(f"{rule} drops {packets}", fix)
    return CheckProblem(f"{rule} may apply to {packets}", fix, Severity.WARNING)


def _br_netfilter(facts: HostFacts) -> list[CheckProblem]:
    """Find rules that drop bridged packets between containers; Docker's icc=false intends that.

    flannel needs the module br_netfilter, for Kubernetes; weft's traffic is routed.
    """
    if facts.own_lease is None or facts.sysctls.get("bridge/bridge-nf-call-iptables") != 1:
        return []
    decision = between_own_containers(facts).decision
    if decision.verdict is FirewallVerdict.ACCEPTED:
        return []
    return [
        CheckProblem(
            f"br_netfilter is enabled and {decision.rule} drops packets between containers of this "
            "host",
            "sysctl -w net.bridge.bridge-nf-call-iptables=0",
            Severity.WARNING,
        )
    ]


def _port(facts: HostFacts) -> list[CheckProblem]:
    """Find rules that drop the backend's UDP packets, or may, each with the peers concerned."""
    found: dict[
        tuple[str, str, FirewallVerdict, int | None], tuple[Traversal, list[IPv4Address]]
    ] = {}
    for peer in facts.peers:
        for traversal in encapsulated(facts, peer.public_ip):
            decision = traversal.decision
            if decision.verdict is not FirewallVerdict.ACCEPTED:
                port = traversal.packet.destination_port
                key = (traversal.chain, decision.rule, decision.verdict, port)
                found.setdefault(key, (traversal, []))[1].append(peer.public_ip)
    return [
        *(_dropped_port(facts, traversal, peers) for traversal, peers in found.values()),
        *_unread_rules(facts),
    ]


def _dropped_port(facts: HostFacts, traversal: Traversal, peers: list[IPv4Address]) -> CheckProblem:
    packet, dropped = traversal.packet, traversal.decision.verdict is FirewallVerdict.DROPPED
    shown = ", ".join(map(str, peers[:_PEERS_SHOWN]))
    if len(peers) > _PEERS_SHOWN:
        shown += f" and {len(peers) - _PEERS_SHOWN} more"
    verb = "drops" if dropped else "may apply to"
    return CheckProblem(
        f"{traversal.decision.rule} {verb} UDP {packet.destination_port} "
        f"{'from' if traversal.chain == 'INPUT' else 'to'} {shown}",
        _accept_port(facts, traversal, peers),
        Severity.FAULT if dropped else Severity.WARNING,
    )


def _accept_port(facts: HostFacts, traversal: Traversal, peers: list[IPv4Address]) -> str:
    """Return the command that accepts the backend's port, of ufw if its chains decide."""
    chain, is_input = traversal.chain, traversal.chain == "INPUT"
    if traversal.nft_chain is not None:
        addresses = ", ".join(map(str, peers))
        return nft_fix(
            traversal.nft_chain,
            f"ip {'saddr' if is_input else 'daddr'} {{ {addresses} }} "
            f"udp dport {traversal.packet.destination_port} accept",
            f"--add-port={traversal.packet.destination_port}/udp",
        )
    match = f"-p udp --dport {traversal.packet.destination_port}"
    with_ufw = with_first(
        facts.rulesets["filter"], f"ufw-user-{chain.lower()}", f"{match} -j ACCEPT"
    )
    if evaluate(with_ufw, chain, traversal.packet).verdict is FirewallVerdict.ACCEPTED:
        ends = "from {} to any" if is_input else "to {}"
        allow = f"ufw allow {'in' if is_input else 'out'} proto udp {ends} port "
        return "; ".join(
            allow.format(peer) + f"{traversal.packet.destination_port}" for peer in peers
        )
    addresses = ",".join(map(str, peers))
    return f"iptables -I {chain} {match} {'-s' if is_input else '-d'} {addresses} -j ACCEPT"


def _host_traffic(facts: HostFacts) -> list[CheckProblem]:
    """Find rules that drop the replies of containers to this host, as those for foreign ranges do.

    Only replies are evaluated: a host may refuse new connections of containers on purpose.
    """
    found: dict[str, CheckProblem] = {}
    for traversal in replies_to_host(facts):
        packet, rule = traversal.packet, traversal.decision.rule
        if traversal.decision.verdict is not FirewallVerdict.DROPPED or rule in found:
            continue
        network = facts.network.network if facts.network else packet.source
        match = f"-s {network} -i {packet.in_device} -j ACCEPT"
        fix = f"iptables -I INPUT {match}"
        if traversal.nft_chain is not None:
            fix = nft_fix(
                traversal.nft_chain,
                f"ip saddr {network} iifname {packet.in_device} accept",
                f"--zone=trusted --add-source={network}",
            )
        found[rule] = CheckProblem(
            f"{rule} drops the replies of containers, from {packet.source} to {packet.destination} "
            f"of this host, received on {packet.in_device}",
            fix,
        )
    return [*found.values(), *_unread_rules(facts)]


FORWARD_POLICY = Check(
    "forward-policy",
    "the firewall accepts the overlay's traffic",
    ("plan", "rulesets"),
    _forward_policy,
)
BR_NETFILTER = Check(
    "br-netfilter",
    "the firewall drops no bridged packets",
    ("sysctls", "rulesets", "own_lease", "links"),
    _br_netfilter,
)
HOST_TRAFFIC = Check(
    "host-traffic",
    "the firewall accepts replies of containers to this host",
    ("plan", "rulesets"),
    _host_traffic,
)
PORT = Check("port", "the firewall accepts the backend's UDP packets", ("rulesets", "plan"), _port)
