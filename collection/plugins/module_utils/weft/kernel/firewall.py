# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The overlay's iptables rules: what they should be, and how the host's become so. No I/O.

Two chains of our own. `WEFT-FORWARD` admits the overlay's traffic to and from this host's subnet
and nothing else. `WEFT-POSTROUTING` keeps Docker from rewriting the source of container traffic
that stays inside the overlay, and gives traffic that enters the overlay from elsewhere on this
host an address that the peers can answer.

The jump to the first lies in DOCKER-USER once Docker has made it: Docker never touches that
chain's content and passes every forwarded packet through it first. Before Docker has run, it lies
in FORWARD. The jump to the second must come before Docker's MASQUERADE, which Docker inserts at
the head of POSTROUTING each time it starts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network

FORWARD_CHAIN = "WEFT-FORWARD"
POSTROUTING_CHAIN = "WEFT-POSTROUTING"

Tables = Mapping[str, Mapping[str, tuple[str, ...]]]
"""Table name to chain name to its rules, each as iptables-save prints it after '-A CHAIN '."""


@dataclass(frozen=True, slots=True)
class OverlayTraffic:
    """The traffic that the rules speak of: it enters and leaves the host by these devices."""

    network: IPv4Network
    subnet: IPv4Network
    devices: tuple[str, ...]
    masquerade: bool = False


def desired_chains(traffic: OverlayTraffic) -> dict[str, dict[str, tuple[str, ...]]]:
    """The content of weft's chains, in the words and order of iptables-save."""
    network, subnet = traffic.network, traffic.subnet
    forward: list[str] = []
    postrouting = [f"-s {subnet} -d {network} -j ACCEPT"]
    for device in traffic.devices:
        forward.append(f"-s {network} -d {subnet} -i {device} -j ACCEPT")
        forward.append(f"-s {subnet} -d {network} -o {device} -j ACCEPT")
        postrouting.append(f"! -s {network} -d {network} -o {device} -j MASQUERADE")
    if traffic.masquerade:
        postrouting.append(f"-s {subnet} ! -d {network} -j MASQUERADE")
    return {
        "filter": {FORWARD_CHAIN: tuple(forward)},
        "nat": {POSTROUTING_CHAIN: tuple(postrouting)},
    }


def parse_saved(text: str) -> dict[str, dict[str, tuple[str, ...]]]:
    """What iptables-save printed, as tables, chains and rules."""
    tables: dict[str, dict[str, list[str]]] = {}
    chains: dict[str, list[str]] = {}
    for line in text.splitlines():
        if line.startswith("*"):
            chains = tables.setdefault(line[1:].strip(), {})
        elif line.startswith(":"):
            chains.setdefault(line[1:].split(" ", 1)[0], [])
        elif line.startswith("-A "):
            chain, rule = line.removeprefix("-A ").split(" ", 1)
            chains.setdefault(chain, []).append(rule)
    return {
        table: {chain: tuple(rules) for chain, rules in chains.items()}
        for table, chains in tables.items()
    }


def plan(traffic: OverlayTraffic, actual: Tables) -> str:
    """The input for `iptables-restore --noflush` that mends the rules; empty when all is well."""
    desired = desired_chains(traffic)
    placements = {
        "filter": (FORWARD_CHAIN, _forward_parent(actual.get("filter", {}))),
        "nat": (POSTROUTING_CHAIN, "POSTROUTING"),
    }
    blocks = []
    for table, (own, parent) in placements.items():
        chains = actual.get(table, {})
        lines = [
            *_mend_content(own, desired[table][own], chains),
            *_mend_jump(own, parent, chains),
        ]
        if lines:
            blocks.append(_block(table, lines))
    return "".join(blocks)


def plan_removal(actual: Tables) -> str:
    """The input for `iptables-restore --noflush` that takes weft's chains away again."""
    blocks = []
    for table, own in (("filter", FORWARD_CHAIN), ("nat", POSTROUTING_CHAIN)):
        chains = actual.get(table, {})
        if own in chains:
            lines = [*_delete_jumps(own, chains), f"-F {own}", f"-X {own}"]
            blocks.append(_block(table, lines))
    return "".join(blocks)


def _forward_parent(chains: Mapping[str, tuple[str, ...]]) -> str:
    # A jump with a condition would not bring all of the overlay's traffic there.
    return "DOCKER-USER" if "-j DOCKER-USER" in chains.get("FORWARD", ()) else "FORWARD"


def _mend_content(
    own: str, rules: tuple[str, ...], chains: Mapping[str, tuple[str, ...]]
) -> list[str]:
    if chains.get(own) == rules:
        return []
    # Declaring a chain makes it, or empties it where --noflush finds it.
    return [f":{own} - [0:0]", *(f"-A {own} {rule}" for rule in rules)]


def _mend_jump(own: str, parent: str, chains: Mapping[str, tuple[str, ...]]) -> list[str]:
    jump = f"-j {own}"
    places = [
        (chain, position)
        for chain, rules in chains.items()
        for position, rule in enumerate(rules)
        if rule == jump
    ]
    if len(places) == 1 and places[0][0] == parent:
        before = chains[parent][: places[0][1]]
        if not any(_rewrites_source(rule) for rule in before):
            return []
    return [*_delete_jumps(own, chains), f"-I {parent} 1 {jump}"]


def _delete_jumps(own: str, chains: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    for chain, rules in chains.items():
        for rule in rules:
            if rule == f"-j {own}":
                yield f"-D {chain} {rule}"


def _rewrites_source(rule: str) -> bool:
    words = rule.split()
    return "-j" in words and words[words.index("-j") + 1] in {"MASQUERADE", "SNAT"}


def _block(table: str, lines: Iterable[str]) -> str:
    return "\n".join([f"*{table}", *lines, "COMMIT", ""])
