# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Evaluates the host's firewall rules for a packet. No I/O.

The rules are those of iptables-save (iptables-extensions(8) describes the matches). A match that is
unknown here may or may not hold: if it decides, the verdict is uncertain and names the rule.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from ipaddress import IPv4Address, IPv4Network

from ..kernel.firewall import parse_rules

_POLICY = re.compile(r"^:(?P<chain>\S+) (?P<policy>ACCEPT|DROP) ", re.MULTILINE)
_TABLE = re.compile(r"^\*(?P<table>\S+)$(?P<body>.*?)^COMMIT$", re.MULTILINE | re.DOTALL)

# The kernel refuses loops between chains, but the parsed text may contain one.
_DEPTH_MAX = 64
_PORT_MAX = 65535
# The protocols that are evaluated for a packet of any protocol.
_PROTOCOLS = ("tcp", "udp")
# These match modules match without options; all other modules only by their options.
_MATCH_WITHOUT_OPTIONS = frozenset({"socket", "rpfilter"})


class FirewallVerdict(Enum):
    """The result for a packet; UNCERTAIN if it depends on a match that cannot be evaluated."""

    ACCEPTED = "accepted"
    DROPPED = "dropped"
    UNCERTAIN = "uncertain"


@dataclass(frozen=True, slots=True)
class Packet:
    """A packet, by default the first of a connection.

    `in_device` or `out_device` is empty if the hook has none. `protocol` None is any protocol.
    `destination_type` is the type of the destination in the host's routing table, as the match
    addrtype names it: LOCAL for an address of the host. `state` is the connection's, as the match
    conntrack names it.
    """

    source: IPv4Address
    destination: IPv4Address
    in_device: str = ""
    out_device: str = ""
    protocol: str | None = None
    destination_port: int | None = None
    destination_type: str = "UNICAST"
    state: str = "NEW"


@dataclass(frozen=True, slots=True)
class RulesetDecision:
    """A rule set's decision on a packet: the verdict and the rule or policy that decided.

    `rule` is as iptables-save shows it; if UNCERTAIN, the one whose match cannot be evaluated.
    """

    verdict: FirewallVerdict
    rule: str


@dataclass(frozen=True, slots=True)
class Ruleset:
    """One table: the rules of its chains, and the policies of its built-in chains."""

    chains: Mapping[str, tuple[str, ...]]
    policies: Mapping[str, str]


def parse_rulesets(text: str) -> dict[str, Ruleset]:
    """Parse the output of iptables-save into one rule set for each table."""
    chains = parse_rules(text)
    policies = {
        table["table"]: {
            entry["chain"]: entry["policy"] for entry in _POLICY.finditer(table["body"])
        }
        for table in _TABLE.finditer(text)
    }
    return {table: Ruleset(rules, policies.get(table, {})) for table, rules in chains.items()}


def evaluate(ruleset: Ruleset, chain: str, packet: Packet) -> RulesetDecision:
    """Evaluate a built-in chain for a packet; a chain that does not exist accepts.

    A packet of any protocol is dropped if TCP and UDP are, even if another, such as ICMP, is not.
    """
    if packet.protocol is None:
        samples = [
            _evaluate_chain(ruleset, chain, replace(packet, protocol=name)) for name in _PROTOCOLS
        ]
        if all(decision.verdict is FirewallVerdict.DROPPED for decision in samples):
            return samples[0]
    return _evaluate_chain(ruleset, chain, packet)


def _evaluate_chain(ruleset: Ruleset, chain: str, packet: Packet) -> RulesetDecision:
    policy = ruleset.policies.get(chain, "ACCEPT")
    by_policy = RulesetDecision(_VERDICTS[policy], f"the policy {policy} of {chain}")
    ends = [
        (end.decision or by_policy, end.uncertain_rule)
        for end in _ends_of(ruleset, chain, packet, depth=0)
    ]
    decision = next(decision for decision, uncertain_rule in ends if not uncertain_rule)
    for other, uncertain_rule in ends:
        if other.verdict is not decision.verdict:
            return RulesetDecision(FirewallVerdict.UNCERTAIN, uncertain_rule)
    return decision


def with_first(ruleset: Ruleset, chain: str, rule: str) -> Ruleset:
    """Return the table with a rule inserted as the first of a chain."""
    chains = {**ruleset.chains, chain: (rule, *ruleset.chains.get(chain, ()))}
    return replace(ruleset, chains=chains)


class _Match(Enum):
    NO = 0
    YES = 1
    MAYBE = 2


_VERDICTS = {
    "ACCEPT": FirewallVerdict.ACCEPTED,
    "DROP": FirewallVerdict.DROPPED,
    "REJECT": FirewallVerdict.DROPPED,
}


@dataclass(frozen=True, slots=True)
class _End:
    """A possible end of a chain; without a decision, evaluation continues in the calling chain.

    `uncertain_rule` is the rule that leads to this end if its match holds; one end has none.
    """

    decision: RulesetDecision | None
    uncertain_rule: str = ""


def _ends_of(ruleset: Ruleset, chain: str, packet: Packet, depth: int) -> Iterator[_End]:
    uncertain = ""
    for rule in ruleset.chains.get(chain, ()) if depth <= _DEPTH_MAX else ():
        match, target = _read_rule(rule, packet)
        if match is _Match.NO or target is None:
            continue
        shown = f"-A {chain} {rule}"
        certain = match is _Match.YES
        cause = uncertain or ("" if certain else shown)
        if target == "RETURN" or target in _VERDICTS:
            decided = RulesetDecision(_VERDICTS[target], shown) if target in _VERDICTS else None
            yield _End(decided, cause)
            if certain:
                return
        elif target in ruleset.chains:
            returns = []
            for end in dict.fromkeys(_ends_of(ruleset, target, packet, depth + 1)):
                if end.decision is None:
                    returns.append(end.uncertain_rule)
                else:
                    yield _End(end.decision, cause or end.uncertain_rule)
            if certain and not returns:
                return
            if certain and all(returns):
                uncertain = uncertain or returns[0]
    yield _End(None, uncertain)


def _read_rule(rule: str, packet: Packet) -> tuple[_Match, str | None]:
    """Return whether a rule matches the packet, and its target."""
    result, target = _Match.YES, None
    for negated, option, values in _options(shlex.split(rule)):
        if option in ("-j", "-g"):
            target = values[0]
            break  # further options belong to the target
        match = _match(option, values, packet)
        if negated and match is not _Match.MAYBE:
            match = _Match.YES if match is _Match.NO else _Match.NO
        if match is _Match.NO:
            return match, None
        if match is _Match.MAYBE:
            result = match
    return result, target


def _options(words: list[str]) -> Iterator[tuple[bool, str, list[str]]]:
    """Yield whether each option of a rule is negated, the option and its values."""
    position, negated = 0, False
    while position < len(words):
        option = words[position]
        position += 1
        if option == "!":
            negated = True
            continue
        values = []
        while position < len(words) and not words[position].startswith("-"):
            if words[position] == "!":
                break
            values.append(words[position])
            position += 1
        yield negated, option, values
        negated = False


def _match(option: str, values: list[str], packet: Packet) -> _Match:
    test = _TESTS.get(option)
    if test is None or not values:
        return _Match.MAYBE
    try:
        return test(values[0], packet)
    except ValueError:  # such as a mask with gaps
        return _Match.MAYBE


def _holds(condition: bool) -> _Match:
    return _Match.YES if condition else _Match.NO


def _address(networks: str, address: IPv4Address) -> _Match:
    """Match one of several networks; iptables-save prints one, the rules of nftables have sets."""
    return _holds(any(address in IPv4Network(network) for network in networks.split(",")))


def _device(names: str, device: str) -> _Match:
    return _holds(
        any(
            device.startswith(name[:-1]) if name.endswith("+") else device == name
            for name in names.split(",")
        )
    )


def _protocol(names: str, packet: Packet) -> _Match:
    if names == "all":
        return _Match.YES
    if packet.protocol is None:
        return _Match.MAYBE
    return _holds(packet.protocol in names.split(","))


def _ports(text: str, packet: Packet) -> _Match:
    if packet.destination_port is None:
        return _Match.MAYBE
    return _holds(any(packet.destination_port in _range(part) for part in text.split(",")))


def _range(ports: str) -> range:
    first, colon, last = ports.partition(":")
    return range(int(first or 0), int(last or (_PORT_MAX if colon else first)) + 1)


def _destination_type(types: str, packet: Packet) -> _Match:
    return _holds(packet.destination_type in types.split(","))


def _module(name: str, _packet: Packet) -> _Match:
    return _Match.MAYBE if name in _MATCH_WITHOUT_OPTIONS else _Match.YES


_TESTS: Mapping[str, Callable[[str, Packet], _Match]] = {
    "-s": lambda value, packet: _address(value, packet.source),
    "-d": lambda value, packet: _address(value, packet.destination),
    "-i": lambda value, packet: _device(value, packet.in_device),
    "-o": lambda value, packet: _device(value, packet.out_device),
    "-p": _protocol,
    "--dport": _ports,
    "--dports": _ports,
    "--dst-type": _destination_type,
    "-m": _module,
    "--comment": lambda _value, _packet: _Match.YES,
    "--ctstate": lambda value, packet: _holds(packet.state in value.split(",")),
    "--state": lambda value, packet: _holds(packet.state in value.split(",")),
}
