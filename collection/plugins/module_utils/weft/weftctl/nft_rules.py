# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of nftables as rule sets that `firewall_rules` evaluates. No I/O.

The input is that of `nft --json list ruleset` (libnftables-json(5)). Each rule becomes one or more
rules in the syntax of iptables-save; a match that has no equivalent may or may not hold.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..kernel.nft_tables import is_table_of_iptables
from .firewall_rules import Packet, Ruleset, RulesetDecision, evaluate

_FAMILIES = frozenset({"ip", "inet"})
_VERDICTS = {"accept": "ACCEPT", "drop": "DROP", "reject": "REJECT", "return": "RETURN"}
# An option that the evaluation does not know: the match may or may not hold.
_UNKNOWN = "--unknown"
_METAS = {"iifname": "-i", "iif": "-i", "oifname": "-o", "oif": "-o", "l4proto": "-p"}
_PAYLOADS = {("ip", "saddr"): "-s", ("ip", "daddr"): "-d", ("ip", "protocol"): "-p"}
_WITHOUT_EFFECT = frozenset({"counter", "log", "comment", "mangle", "notrack", "ct helper"})


@dataclass(frozen=True, slots=True)
class NftChain:
    """A base chain of a table, with the rules of all chains of that table.

    `shown` maps a rule, as the evaluation names it, to the rule's handle and place in nftables.
    """

    family: str
    table: str
    name: str
    hook: str
    ruleset: Ruleset
    shown: Mapping[str, str]

    @property
    def place(self) -> str:
        """The family, the table and the chain, as arguments of nft."""
        return f"{self.family} {self.table} {self.name}"

    def evaluate(self, packet: Packet) -> RulesetDecision:
        """Evaluate the chain for a packet; the rule is named by its handle and its chain."""
        decision = evaluate(self.ruleset, self.name, packet)
        policy = f"the policy {self.ruleset.policies[self.name].lower()} of nft chain {self.place}"
        return RulesetDecision(decision.verdict, self.shown.get(decision.rule, policy))


def parse_nft_chains(document: Mapping[str, Any]) -> tuple[NftChain, ...]:
    """Return the base chains of type filter of all IPv4 tables but those of iptables."""
    objects = document.get("nftables", ())
    chains = [entry["chain"] for entry in objects if "chain" in entry]
    rules = [entry["rule"] for entry in objects if "rule" in entry]
    return tuple(
        _base_chain(chain, chains, rules)
        for chain in chains
        if chain["family"] in _FAMILIES
        and chain.get("type") == "filter"
        and "hook" in chain
        and not is_table_of_iptables(chain["family"], chain["table"])
    )


def _base_chain(
    base: Mapping[str, Any], chains: Iterable[Mapping[str, Any]], rules: Iterable[Mapping[str, Any]]
) -> NftChain:
    family, table, name = base["family"], base["table"], base["name"]
    converted: dict[str, list[str]] = {
        chain["name"]: []
        for chain in chains
        if (chain["family"], chain["table"]) == (family, table)
    }
    shown: dict[str, str] = {}
    for rule in rules:
        if (rule["family"], rule["table"]) != (family, table):
            continue
        chain = rule["chain"]
        for text in _convert(rule["expr"]):
            converted.setdefault(chain, []).append(text)
            place = f"rule {rule['handle']} of nft chain {family} {table} {chain}"
            shown.setdefault(f"-A {chain} {text}", place)
    return NftChain(
        family,
        table,
        name,
        base["hook"],
        Ruleset(
            {chain: tuple(texts) for chain, texts in converted.items()},
            {name: base.get("policy", "accept").upper()},
        ),
        shown,
    )


def _convert(expressions: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the rules of one rule of nftables, none if it never decides on an IPv4 packet."""
    options: list[str] = []
    for expression in expressions:
        ((kind, value),) = expression.items()
        if kind == "match":
            option = _match(value)
            if option is None:
                return
            options += option
        elif kind in _VERDICTS:
            yield " ".join([*options, "-j", _VERDICTS[kind]])
            return
        elif kind in ("jump", "goto"):
            yield " ".join([*options, "-j", value["target"]])
            return
        elif kind == "vmap":
            yield from _verdict_map(options, value)
        elif kind == "queue":
            # Another program decides on the packet.
            yield " ".join([*options, _UNKNOWN, "queue", "-j", "DROP"])
            return
        elif kind not in _WITHOUT_EFFECT:
            options += [_UNKNOWN, kind]


def _verdict_map(options: list[str], value: Mapping[str, Any]) -> Iterator[str]:
    data = value["data"]
    elements = data["set"] if isinstance(data, dict) and "set" in data else ()
    for key, verdict in elements:
        option = _match({"op": "==", "left": value["key"], "right": key})
        if option is not None:
            yield from _convert_verdict([*options, *option], verdict)


def _convert_verdict(options: list[str], verdict: Mapping[str, Any]) -> Iterator[str]:
    ((kind, target),) = verdict.items()
    if kind in _VERDICTS:
        yield " ".join([*options, "-j", _VERDICTS[kind]])
    elif kind in ("jump", "goto"):
        yield " ".join([*options, "-j", target["target"]])


def _match(match: Mapping[str, Any]) -> list[str] | None:
    """Return the options of a match; None if it never holds for the overlay's packets."""
    negated, operator = match["op"] == "!=", match["op"]
    if operator not in ("==", "!=", "in"):
        return [_UNKNOWN, "operator"]
    ((kind, left),) = match["left"].items()
    values = _values(match["right"])
    if kind == "meta" and left["key"] == "nfproto":
        return [] if (values == ["ipv4"]) != negated else None
    if kind == "ct" and left["key"] == "status":
        # The overlay's packets have no translated destination.
        return ([] if negated else None) if values in (["dnat"], ["snat"]) else [_UNKNOWN, "ct"]
    if kind == "payload" and left.get("protocol") in ("ip6", "icmpv6"):
        return None
    prefix, option = _option(kind, left)
    if option is None or values is None:
        return [*prefix, _UNKNOWN, kind]
    return [*prefix, *(["!"] if negated else []), option, ",".join(values)]


def _option(kind: str, left: Mapping[str, Any]) -> tuple[list[str], str | None]:
    """Return the options that a match implies, and its option of iptables."""
    if kind == "meta":
        return [], _METAS.get(left["key"])
    if kind == "ct" and left["key"] == "state":
        return [], "--ctstate"
    if kind == "fib" and left.get("result") == "type" and left.get("flags") == ["daddr"]:
        return [], "--dst-type"
    if kind == "payload" and "protocol" in left:
        protocol, field = left["protocol"], left["field"]
        if (protocol, field) in _PAYLOADS:
            return [], _PAYLOADS[protocol, field]
        implied = [] if protocol in ("ip", "th") else ["-p", protocol]
        return implied, "--dport" if field == "dport" else None
    return [], None


def _values(right: Any) -> list[str] | None:
    """Return the values of a match, with ranges and names as iptables has them; None if unknown."""
    if isinstance(right, dict) and "set" in right:
        right = right["set"]
    found = [_value(entry) for entry in (right if isinstance(right, list) else [right])]
    known = [value for value in found if value is not None]
    return known if len(known) == len(found) else None


def _value(entry: Any) -> str | None:
    match entry:
        case {"elem": {"val": value}}:
            return _value(value)
        case {"prefix": {"addr": address, "len": length}}:
            return f"{address}/{length}"
        case {"range": [first, last]} if isinstance(first, int):
            return f"{first}:{last}"
        case str() if entry.startswith("@"):
            return None  # a named set
        case str() | int():
            return _named(str(entry))
    return None


def _named(value: str) -> str:
    """Return a value as iptables has it: a wildcard, a connection state, an address type."""
    if value.endswith("*"):
        return value[:-1] + "+"
    known = ("new", "established", "related", "invalid", "untracked", "local", "unicast")
    return value.upper() if value in known else value
