# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether this host's rules let the datagrams of the backend in and out."""

from __future__ import annotations

from ipaddress import IPv4Address

from ..facts import HostFacts
from ..finding import Check, Flaw, Severity
from ..host.verdict import Fate, judge, with_first
from ..traffic import Crossing, encapsulated

_NAMED = 8


def examine(facts: HostFacts) -> list[Flaw]:
    """The rules that drop them, or may, each with the peers that it keeps away."""
    found: dict[tuple[str, str, Fate, int | None], tuple[Crossing, list[IPv4Address]]] = {}
    for peer in facts.peers:
        for crossing in encapsulated(facts, peer.public_ip):
            verdict = crossing.verdict
            if verdict.fate is not Fate.ACCEPTED:
                port = crossing.packet.destination_port
                key = (crossing.chain, verdict.rule, verdict.fate, port)
                found.setdefault(key, (crossing, []))[1].append(peer.public_ip)
    return [_flaw(facts, crossing, peers) for crossing, peers in found.values()]


def _flaw(facts: HostFacts, crossing: Crossing, peers: list[IPv4Address]) -> Flaw:
    packet, dropped = crossing.packet, crossing.verdict.fate is Fate.DROPPED
    named = ", ".join(map(str, peers[:_NAMED])) + (" and others" if len(peers) > _NAMED else "")
    verb = "drops" if dropped else "may decide on"
    return Flaw(
        f"{crossing.verdict.rule} {verb} UDP {packet.destination_port} "
        f"{'from' if crossing.chain == 'INPUT' else 'to'} {named}",
        _accept(facts, crossing, peers),
        Severity.FAULT if dropped else Severity.WARNING,
    )


def _accept(facts: HostFacts, crossing: Crossing, peers: list[IPv4Address]) -> str:
    chain, inbound = crossing.chain, crossing.chain == "INPUT"
    datagrams = f"-p udp --dport {crossing.packet.destination_port}"
    by_ufw = with_first(
        facts.rulesets["filter"], f"ufw-user-{chain.lower()}", f"{datagrams} -j ACCEPT"
    )
    if judge(by_ufw, chain, crossing.packet).fate is Fate.ACCEPTED:
        way = "from {} to any" if inbound else "to {}"
        allow = f"ufw allow {'in' if inbound else 'out'} proto udp {way} port "
        return "; ".join(
            allow.format(peer) + f"{crossing.packet.destination_port}" for peer in peers
        )
    addresses = ",".join(map(str, peers))
    return f"iptables -I {chain} {datagrams} {'-s' if inbound else '-d'} {addresses} -j ACCEPT"


CHECK = Check(
    "port", "this host's rules let the backend's datagrams pass", ("rulesets", "plan"), examine
)
