# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""weft's iptables rules: the desired chains, and how the actual rules are repaired. No I/O.

All rules are in weft's own chains. `WEFT-FORWARD` accepts the overlay's traffic to and from this
host's subnet, and nothing else. `WEFT-POSTROUTING` keeps Docker from rewriting the source of
container traffic inside the overlay, and translates traffic that enters the overlay from elsewhere
on this host to an address to which the peers can reply. `WEFT-PREROUTING`, in the table raw, exists
only if Docker drops direct access to its containers' addresses, as Docker 28 and newer do.

The jump to WEFT-FORWARD is in DOCKER-USER once Docker has created that chain: Docker never changes
its content, and every forwarded packet traverses it first. Before that, the jump is in FORWARD. The
jump to WEFT-POSTROUTING must precede Docker's MASQUERADE, which Docker inserts at the head of
POSTROUTING at each start. The jump to WEFT-PREROUTING must precede the DROP that Docker appends for
each container, and follows the operator's own rules.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network

FORWARD_CHAIN = "WEFT-FORWARD"
POSTROUTING_CHAIN = "WEFT-POSTROUTING"
PREROUTING_CHAIN = "WEFT-PREROUTING"

# moby/moby, Docker 28: packets to a bridge's containers from another device are dropped, in filter
# except for published ports, in raw for the address of each container.
_DROP_TO_BRIDGE = re.compile(r"! -i (?P<bridge>\S+) -o (?P=bridge) -j DROP")
_DROP_TO_CONTAINER = re.compile(r"-d [0-9.]+/32 ! -i \S+ -j DROP")

Tables = Mapping[str, Mapping[str, tuple[str, ...]]]
"""Rules by table and chain, each as iptables-save prints it after '-A CHAIN '."""


@dataclass(frozen=True, slots=True)
class OverlayTraffic:
    """The overlay's traffic; devices: those by which it enters and leaves the host."""

    network: IPv4Network
    subnet: IPv4Network
    devices: tuple[str, ...]
    masquerade: bool = False


@dataclass(frozen=True, slots=True)
class _Jump:
    """The position of the jump to a chain: in `parent`, before each rule that `precedes` matches.

    at_head: whether it is inserted first if no rule matches; otherwise it is appended.
    """

    chain: str
    parent: str
    precedes: Callable[[str], bool]
    at_head: bool = True

    @property
    def rule(self) -> str:
        """The jump as a rule of iptables-save."""
        return f"-j {self.chain}"


def desired_chains(
    traffic: OverlayTraffic, *, direct_access_dropped: bool = False
) -> dict[str, dict[str, tuple[str, ...]]]:
    """Return the rules in each chain of weft, in the syntax and order of iptables-save.

    direct_access_dropped: whether Docker drops direct access to its containers' addresses.
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
    if direct_access_dropped:
        chains["raw"] = {PREROUTING_CHAIN: tuple(prerouting)}
    return chains


def docker_drops_direct_access(actual: Tables) -> bool:
    """Return whether Docker drops packets to its containers from devices other than their bridge.

    The rule in filter exists from dockerd's start, the one in raw from the first container. Either
    is enough: `iptables -F` removes the first and leaves the second.
    """
    to_bridge = actual.get("filter", {}).get("DOCKER", ())
    to_containers = actual.get("raw", {}).get("PREROUTING", ())
    return any(map(_DROP_TO_BRIDGE.fullmatch, to_bridge)) or any(
        map(_drops_to_container, to_containers)
    )


def parse_rules(text: str) -> dict[str, dict[str, tuple[str, ...]]]:
    """Return the rules by table and chain from the output of iptables-save."""
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


def plan_repair(traffic: OverlayTraffic, actual: Tables) -> str:
    """Return the input of `iptables-restore --noflush` that repairs the rules; empty if correct."""
    return "".join(block for _table, block in _blocks(traffic, actual))


def tables_to_repair(traffic: OverlayTraffic, actual: Tables) -> frozenset[str]:
    """Return the tables whose rules differ from the desired ones."""
    return frozenset(table for table, _block in _blocks(traffic, actual))


def _blocks(traffic: OverlayTraffic, actual: Tables) -> Iterator[tuple[str, str]]:
    desired = desired_chains(traffic, direct_access_dropped=docker_drops_direct_access(actual))
    for table, jump in _jumps(actual).items():
        if table not in desired:
            # Required by an earlier Docker only.
            yield from ((table, block) for block in _removal(table, jump.chain, actual))
            continue
        chains = actual.get(table, {})
        lines = [
            *_repair_content(jump.chain, desired[table][jump.chain], chains),
            *_repair_jump(jump, chains),
        ]
        if lines:
            yield table, _block(table, lines)


def plan_removal(actual: Tables) -> str:
    """Return the input of `iptables-restore --noflush` that removes weft's chains."""
    return "".join(
        block
        for table, jump in _jumps(actual).items()
        for block in _removal(table, jump.chain, actual)
    )


def weft_rules(actual: Tables) -> tuple[str, ...]:
    """Return weft's chains, their rules and the jumps to them, each as arguments of iptables."""
    return tuple(
        rule
        for table, jump in _jumps(actual).items()
        for rule in _chain_rules(table, jump.chain, actual.get(table, {}))
    )


def _chain_rules(table: str, chain: str, chains: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    if chain in chains:
        yield from (
            f"-t {table} {line.replace('-D', '-A', 1)}" for line in _delete_jumps(chain, chains)
        )
        yield f"-t {table} -N {chain}"
        yield from (f"-t {table} -A {chain} {rule}" for rule in chains[chain])


def _jumps(actual: Tables) -> dict[str, _Jump]:
    """Return the position of the jump to weft's chain in each table."""
    parent = _forward_parent(actual.get("filter", {}))
    return {
        "filter": _Jump(FORWARD_CHAIN, parent, _matches_nothing),
        "nat": _Jump(POSTROUTING_CHAIN, "POSTROUTING", _rewrites_source),
        "raw": _Jump(PREROUTING_CHAIN, "PREROUTING", _drops_to_container, at_head=False),
    }


def _removal(table: str, chain: str, actual: Tables) -> Iterator[str]:
    chains = actual.get(table, {})
    if chain in chains:
        yield _block(table, [*_delete_jumps(chain, chains), f"-F {chain}", f"-X {chain}"])


def _forward_parent(chains: Mapping[str, tuple[str, ...]]) -> str:
    # A conditional jump to DOCKER-USER would not cover all of the overlay's traffic.
    return "DOCKER-USER" if "-j DOCKER-USER" in chains.get("FORWARD", ()) else "FORWARD"


def _repair_content(
    chain: str, rules: tuple[str, ...], chains: Mapping[str, tuple[str, ...]]
) -> list[str]:
    if chains.get(chain) == rules:
        return []
    # With --noflush, declaring a chain creates it, or flushes an existing one.
    return [f":{chain} - [0:0]", *(f"-A {chain} {rule}" for rule in rules)]


def _repair_jump(jump: _Jump, chains: Mapping[str, tuple[str, ...]]) -> list[str]:
    found = [
        (chain, position)
        for chain, rules in chains.items()
        for position, rule in enumerate(rules)
        if rule == jump.rule
    ]
    if len(found) == 1 and found[0][0] == jump.parent:
        before = chains[jump.parent][: found[0][1]]
        if not any(map(jump.precedes, before)):
            return []
    return [*_delete_jumps(jump.chain, chains), _insert_jump(jump, chains)]


def _insert_jump(jump: _Jump, chains: Mapping[str, tuple[str, ...]]) -> str:
    if jump.at_head:
        return f"-I {jump.parent} 1 {jump.rule}"
    others = [rule for rule in chains.get(jump.parent, ()) if rule != jump.rule]
    for number, rule in enumerate(others, start=1):
        if jump.precedes(rule):
            return f"-I {jump.parent} {number} {jump.rule}"
    return f"-A {jump.parent} {jump.rule}"


def _delete_jumps(target: str, chains: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    for chain, rules in chains.items():
        for rule in rules:
            if rule == f"-j {target}":
                yield f"-D {chain} {rule}"


def _matches_nothing(_rule: str) -> bool:
    return False


def _drops_to_container(rule: str) -> bool:
    return _DROP_TO_CONTAINER.fullmatch(rule) is not None


def _rewrites_source(rule: str) -> bool:
    words = rule.split()
    return "-j" in words and words[words.index("-j") + 1] in {"MASQUERADE", "SNAT"}


def _block(table: str, lines: Iterable[str]) -> str:
    return "\n".join([f"*{table}", *lines, "COMMIT", ""])
