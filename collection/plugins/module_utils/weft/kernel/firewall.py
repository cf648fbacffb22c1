# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The overlay's iptables rules: what they should be, and how the host's become so. No I/O.

Chains of our own hold them all. `WEFT-FORWARD` admits the overlay's traffic to and from this
host's subnet and nothing else. `WEFT-POSTROUTING` keeps Docker from rewriting the source of
container traffic that stays inside the overlay, and gives traffic that enters the overlay from
elsewhere on this host an address that the peers can answer. `WEFT-PREROUTING`, in the table raw,
is there only where Docker closes the addresses of its containers, as it does since 28.

The jump to the first lies in DOCKER-USER once Docker has made it: Docker never touches that
chain's content and passes every forwarded packet through it first. Before Docker has run, it lies
in FORWARD. The jump to the second must come before Docker's MASQUERADE, which Docker inserts at
the head of POSTROUTING each time it starts. The jump to the third must come before the DROP that
Docker appends for each container, and stays behind the operator's own rules.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network

FORWARD_CHAIN = "WEFT-FORWARD"
POSTROUTING_CHAIN = "WEFT-POSTROUTING"
PREROUTING_CHAIN = "WEFT-PREROUTING"

# moby/moby, Docker 28: what arrives for a bridge's containers by another device is dropped, in
# filter but for published ports, in raw for the address of each container.
_CLOSED_BRIDGE = re.compile(r"! -i (?P<bridge>\S+) -o (?P=bridge) -j DROP")
_CLOSED_CONTAINER = re.compile(r"-d [0-9.]+/32 ! -i \S+ -j DROP")

Tables = Mapping[str, Mapping[str, tuple[str, ...]]]
"""Table name to chain name to its rules, each as iptables-save prints it after '-A CHAIN '."""


@dataclass(frozen=True, slots=True)
class OverlayTraffic:
    """The traffic that the rules speak of: it enters and leaves the host by these devices."""

    network: IPv4Network
    subnet: IPv4Network
    devices: tuple[str, ...]
    masquerade: bool = False


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the jump to a chain belongs: in `parent`, before each rule that `precedes` names.

    at_head tells where in `parent` it goes while no such rule is there.
    """

    own: str
    parent: str
    precedes: Callable[[str], bool]
    at_head: bool = True


def desired_chains(
    traffic: OverlayTraffic, *, closed: bool = False
) -> dict[str, dict[str, tuple[str, ...]]]:
    """The content of weft's chains, in the words and order of iptables-save.

    With `closed`, for a host whose Docker closes its containers' addresses.
    """
    network, subnet = traffic.network, traffic.subnet
    forward: list[str] = []
    prerouting: list[str] = []
    postrouting = [f"-s {subnet} -d {network} -j ACCEPT"]
    for device in traffic.devices:
        inbound = f"-s {network} -d {subnet} -i {device} -j ACCEPT"
        prerouting.append(inbound)
        forward.append(inbound)
        forward.append(f"-s {subnet} -d {network} -o {device} -j ACCEPT")
        # Not MASQUERADE: with host-gw the device has no address of the overlay.
        source = f"--to-source {subnet.network_address}"
        postrouting.append(f"! -s {network} -d {network} -o {device} -j SNAT {source}")
    if traffic.masquerade:
        postrouting.append(f"-s {subnet} ! -d {network} -j MASQUERADE")
    chains = {
        "filter": {FORWARD_CHAIN: tuple(forward)},
        "nat": {POSTROUTING_CHAIN: tuple(postrouting)},
    }
    if closed:
        chains["raw"] = {PREROUTING_CHAIN: tuple(prerouting)}
    return chains


def closes_containers(actual: Tables) -> bool:
    """Whether Docker drops what reaches its containers by another device than their bridge.

    The rule in filter says so from dockerd's start, before the first container brings one in raw.
    """
    return any(map(_CLOSED_BRIDGE.fullmatch, actual.get("filter", {}).get("DOCKER", ())))


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
    return "".join(block for _table, block in _blocks(traffic, actual))


def tables_to_mend(traffic: OverlayTraffic, actual: Tables) -> frozenset[str]:
    """The tables in which plan() would mend something."""
    return frozenset(table for table, _block in _blocks(traffic, actual))


def _blocks(traffic: OverlayTraffic, actual: Tables) -> Iterator[tuple[str, str]]:
    desired = desired_chains(traffic, closed=closes_containers(actual))
    for table, place in _places(actual).items():
        if table not in desired:
            # An earlier Docker asked for it.
            yield from ((table, block) for block in _removal(table, place.own, actual))
            continue
        chains = actual.get(table, {})
        lines = [
            *_mend_content(place.own, desired[table][place.own], chains),
            *_mend_jump(place, chains),
        ]
        if lines:
            yield table, _block(table, lines)


def plan_removal(actual: Tables) -> str:
    """The input for `iptables-restore --noflush` that takes weft's chains away again."""
    return "".join(
        block
        for table, place in _places(actual).items()
        for block in _removal(table, place.own, actual)
    )


def own_rules(actual: Tables) -> tuple[str, ...]:
    """weft's chains, their rules and the jumps to them, each as an argument list of iptables."""
    return tuple(
        rule
        for table, place in _places(actual).items()
        for rule in _own_rules(table, place.own, actual.get(table, {}))
    )


def _own_rules(table: str, own: str, chains: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    if own in chains:
        yield from (
            f"-t {table} {line.replace('-D', '-A', 1)}" for line in _delete_jumps(own, chains)
        )
        yield f"-t {table} -N {own}"
        yield from (f"-t {table} -A {own} {rule}" for rule in chains[own])


def _places(actual: Tables) -> dict[str, _Place]:
    """Where the jumps belong, by table."""
    parent = _forward_parent(actual.get("filter", {}))
    return {
        "filter": _Place(FORWARD_CHAIN, parent, _is_nothing),
        "nat": _Place(POSTROUTING_CHAIN, "POSTROUTING", _rewrites_source),
        "raw": _Place(PREROUTING_CHAIN, "PREROUTING", _closes_container, at_head=False),
    }


def _removal(table: str, own: str, actual: Tables) -> Iterator[str]:
    chains = actual.get(table, {})
    if own in chains:
        yield _block(table, [*_delete_jumps(own, chains), f"-F {own}", f"-X {own}"])


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


def _mend_jump(place: _Place, chains: Mapping[str, tuple[str, ...]]) -> list[str]:
    jump = f"-j {place.own}"
    places = [
        (chain, position)
        for chain, rules in chains.items()
        for position, rule in enumerate(rules)
        if rule == jump
    ]
    if len(places) == 1 and places[0][0] == place.parent:
        before = chains[place.parent][: places[0][1]]
        if not any(map(place.precedes, before)):
            return []
    return [*_delete_jumps(place.own, chains), _insert_jump(place, jump, chains)]


def _insert_jump(place: _Place, jump: str, chains: Mapping[str, tuple[str, ...]]) -> str:
    if place.at_head:
        return f"-I {place.parent} 1 {jump}"
    others = [rule for rule in chains.get(place.parent, ()) if rule != jump]
    for number, rule in enumerate(others, start=1):
        if place.precedes(rule):
            return f"-I {place.parent} {number} {jump}"
    return f"-A {place.parent} {jump}"


def _delete_jumps(own: str, chains: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    for chain, rules in chains.items():
        for rule in rules:
            if rule == f"-j {own}":
                yield f"-D {chain} {rule}"


def _is_nothing(_rule: str) -> bool:
    return False


def _closes_container(rule: str) -> bool:
    return _CLOSED_CONTAINER.fullmatch(rule) is not None


def _rewrites_source(rule: str) -> bool:
    words = rule.split()
    return "-j" in words and words[words.index("-j") + 1] in {"MASQUERADE", "SNAT"}


def _block(table: str, lines: Iterable[str]) -> str:
    return "\n".join([f"*{table}", *lines, "COMMIT", ""])
