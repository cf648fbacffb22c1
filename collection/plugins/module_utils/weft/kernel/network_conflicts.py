# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses, routes and firewall rules of other software in the overlay's network. No I/O.

Other overlays take their addresses from 100.64.0.0/10 (RFC 6598): Tailscale drops packets with a
source in that range that arrive by other interfaces, and has a route in a table of its own for each
of its hosts; NetBird takes a network in the range.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Interface, IPv4Network
from typing import Any

from .firewall import parse_rules
from .state import DEVICE_ALIAS, ROUTE_PROTOCOL

# linux/rtnetlink.h
_TABLE_MAIN = "254"
_TABLE_LOCAL = "255"
_TYPE_UNICAST = "1"
_BUILT_IN = ("PREROUTING", "INPUT", "FORWARD")
# What a rule may match so that it applies to every packet of a source.
_HARMLESS = frozenset({"-m", "--comment"})


class ConflictKind(StrEnum):
    """What conflicts with the overlay's network."""

    ADDRESS = "address"
    ROUTE = "route"
    RULE = "rule"


@dataclass(frozen=True, slots=True)
class NetworkConflict:
    """An address, a route or a rule that is not weft's, what it does, and how to resolve it."""

    kind: ConflictKind
    text: str
    fix: str


def find_conflicts(
    network: IPv4Network, addresses: str, routes: str, rules: str, underlay: str | None
) -> list[NetworkConflict]:
    """Return the conflicts of a host, rules first.

    `addresses` and `routes` are the output of `ip -N -j -d -4 address show` and
    `ip -N -j -4 route show table all`, `rules` that of iptables-save. `underlay` is the interface
    towards the other hosts, None if the overlay's packets arrive by it without encapsulation.
    """
    links = _entries(addresses)
    own = frozenset(link["ifname"] for link in links if _belongs_to_overlay(link))
    return [
        *_rule_conflicts(network, rules, underlay),
        *_address_conflicts(network, [link for link in links if link["ifname"] not in own]),
        *_route_conflicts(network, _entries(routes), own),
    ]


def _belongs_to_overlay(link: Mapping[str, Any]) -> bool:
    """Whether a link may have an address of the overlay: weft's or flannel's device, a bridge."""
    kind = link.get("linkinfo", {}).get("info_kind")
    name = str(link["ifname"])
    return (
        kind == "bridge"
        or name.startswith(("docker", "flannel"))
        or link.get("ifalias") == DEVICE_ALIAS
    )


def _address_conflicts(
    network: IPv4Network, links: Sequence[Mapping[str, Any]]
) -> Iterator[NetworkConflict]:
    for link in links:
        for entry in link.get("addr_info", ()):
            address = IPv4Interface(f"{entry['local']}/{entry['prefixlen']}")
            if address.ip in network or address.network.subnet_of(network):
                yield NetworkConflict(
                    ConflictKind.ADDRESS,
                    f"{link['ifname']} has the address {address}, which is in the overlay's "
                    f"network {network}",
                    _other_range(network, str(link["ifname"])),
                )


def _route_conflicts(
    network: IPv4Network, routes: Sequence[Mapping[str, Any]], own: frozenset[str]
) -> Iterator[NetworkConflict]:
    for route in routes:
        table, device = str(route.get("table", _TABLE_MAIN)), route.get("dev")
        if route["dst"] == "default" or table == _TABLE_LOCAL or device is None or device in own:
            continue
        if str(route.get("protocol")) == str(ROUTE_PROTOCOL):
            continue
        if str(route.get("type", _TYPE_UNICAST)) != _TYPE_UNICAST:
            continue
        destination = IPv4Network(route["dst"])
        # In the main table, weft's routes are more specific than a wider network.
        is_wider = table != _TABLE_MAIN and network.subnet_of(destination)
        if destination.subnet_of(network) or is_wider:
            shown = f"{destination} dev {device}" + (
                "" if table == _TABLE_MAIN else f" table {table}"
            )
            yield NetworkConflict(
                ConflictKind.ROUTE,
                f"the route {shown} is in the overlay's network {network}: packets to these "
                "addresses leave the overlay",
                _other_range(network, str(device)),
            )


def _rule_conflicts(
    network: IPv4Network, rules: str, underlay: str | None
) -> Iterator[NetworkConflict]:
    """Yield the rules that drop packets by a source range that is wider than the network.

    A rule for exactly the network, such as one against forged sources, is meant for the overlay.
    """
    inside = f"! -i {underlay} " if underlay else ""
    for chains in parse_rules(rules).values():
        for chain in _reached(chains):
            for rule in chains[chain]:
                source, target = _source_and_target(rule, underlay)
                if source is None or not network.subnet_of(source):
                    continue
                if target in ("ACCEPT", "RETURN"):
                    break
                if target in ("DROP", "REJECT") and source != network and source.prefixlen:
                    yield NetworkConflict(
                        ConflictKind.RULE,
                        f"the rule '-A {chain} {rule}' drops packets of the overlay's network "
                        f"{network}, which is in {source}{_owner(chain)}",
                        f"iptables -I {chain} -s {network} {inside}-j ACCEPT",
                    )


def _reached(chains: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the chains that received packets traverse, in the order of their first jump."""
    found = [chain for chain in _BUILT_IN if chain in chains]
    for chain in found:
        for rule in chains[chain]:
            target = rule.rpartition("-j ")[2].partition(" ")[0]
            if target in chains and target not in found:
                found.append(target)
    return found


def _source_and_target(rule: str, underlay: str | None) -> tuple[IPv4Network | None, str | None]:
    """Return the source range and the target of a rule that matches nothing else.

    A rule that applies to packets from the underlay only has no source range here.
    """
    words, source, negated = shlex.split(rule), None, False
    while words:
        option = words.pop(0)
        if option == "!":
            negated = True
            continue
        value = words.pop(0) if words else ""
        if option == "-j":
            return source, value
        if option == "-s" and not negated:
            source = _network(value)
        elif option == "-i":
            if not negated and (value == underlay or not _is_overlay_device(value)):
                return None, None
        elif option not in _HARMLESS:
            return None, None
        negated = False
    return None, None


def _is_overlay_device(name: str) -> bool:
    return name.startswith(("docker", "flannel", "br-"))


def _network(text: str) -> IPv4Network | None:
    try:
        return IPv4Network(text)
    except ValueError:  # such as a mask with gaps
        return None


def _owner(chain: str) -> str:
    return " (Tailscale's rule)" if chain.startswith("ts-") else ""


def _other_range(network: IPv4Network, device: str) -> str:
    return (
        f"give {device} addresses outside {network} (Tailscale: ipPool in the policy file; "
        "NetBird: the network range in its settings)"
    )


def _entries(text: str) -> list[dict[str, Any]]:
    # iproute2 prints an empty object for a filtered entry, and nothing for an empty table.
    return [entry for entry in json.loads(text or "[]") if entry]
