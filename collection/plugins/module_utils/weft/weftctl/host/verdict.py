# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the host's iptables rules would do with a packet that opens a connection. No I/O.

The rules are those of iptables-save (iptables-extensions(8) has the matches). A match that is not
known here may or may not hold: then the verdict says that it cannot tell, and names the rule.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from ipaddress import IPv4Address, IPv4Network

from ...kernel.firewall import parse_rules

_POLICY = re.compile(r"^:(?P<chain>\S+) (?P<policy>ACCEPT|DROP) ", re.MULTILINE)
_TABLE = re.compile(r"^\*(?P<table>\S+)$(?P<body>.*?)^COMMIT$", re.MULTILINE | re.DOTALL)

# iptables has no loops, but a text may: chains nest no deeper than this.
_DEPTH_MAX = 64
_PORT_MAX = 65535
# What containers speak, above all.
_PROTOCOLS = ("tcp", "udp")
# The other modules match by their options alone.
_MATCH_BY_THEMSELVES = frozenset({"socket", "rpfilter"})


class Fate(Enum):
    """What becomes of a packet."""

    ACCEPTED = "accepted"
    DROPPED = "dropped"
    UNCERTAIN = "uncertain"


@dataclass(frozen=True, slots=True)
class Packet:
    """A first packet; in_device or out_device is empty where the hook has none.

    Without a protocol it stands for those of any. destination_type is what the host's routes make
    of its destination, in the words of the match addrtype: LOCAL for an address of the host itself.
    """

    source: IPv4Address
    destination: IPv4Address
    in_device: str = ""
    out_device: str = ""
    protocol: str | None = None
    destination_port: int | None = None
    destination_type: str = "UNICAST"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The fate of a packet, and the rule or policy that decided it, as iptables-save shows it.

    Of an uncertain one the rule is that whose match nobody can tell here.
    """

    fate: Fate
    rule: str


@dataclass(frozen=True, slots=True)
class Ruleset:
    """One table: the rules of its chains, and the policies of those that are built in."""

    chains: Mapping[str, tuple[str, ...]]
    policies: Mapping[str, str]


def parse_rulesets(text: str) -> dict[str, Ruleset]:
    """What iptables-save printed, by table."""
    chains = parse_rules(text)
    policies = {
        table["table"]: {
            entry["chain"]: entry["policy"] for entry in _POLICY.finditer(table["body"])
        }
        for table in _TABLE.finditer(text)
    }
    return {table: Ruleset(rules, policies.get(table, {})) for table, rules in chains.items()}


def judge(ruleset: Ruleset, chain: str, packet: Packet) -> Verdict:
    """Send the packet through a built-in chain; one that is not there accepts.

    One of any protocol is dropped where TCP and UDP are, whatever else may pass, such as ICMP.
    """
    if packet.protocol is None:
        samples = [_judge(ruleset, chain, replace(packet, protocol=name)) for name in _PROTOCOLS]
        if all(verdict.fate is Fate.DROPPED for verdict in samples):
            return samples[0]
    return _judge(ruleset, chain, packet)


def _judge(ruleset: Ruleset, chain: str, packet: Packet) -> Verdict:
    policy = ruleset.policies.get(chain, "ACCEPT")
    otherwise = Verdict(_FATES[policy], f"the policy {policy} of {chain}")
    ends = [
        (end.verdict or otherwise, end.doubt) for end in _ends_of(ruleset, chain, packet, depth=0)
    ]
    verdict = next(verdict for verdict, doubt in ends if not doubt)
    for other, doubt in ends:
        if other.fate is not verdict.fate:
            return Verdict(Fate.UNCERTAIN, doubt)
    return verdict


def with_first(ruleset: Ruleset, chain: str, rule: str) -> Ruleset:
    """The table with a rule before all others of a chain."""
    chains = {**ruleset.chains, chain: (rule, *ruleset.chains.get(chain, ()))}
    return replace(ruleset, chains=chains)


class _Match(Enum):
    NO = 0
    YES = 1
    MAYBE = 2


_FATES = {"ACCEPT": Fate.ACCEPTED, "DROP": Fate.DROPPED, "REJECT": Fate.DROPPED}


@dataclass(frozen=True, slots=True)
class _End:
    """A way that a chain may end; without a verdict, the packet goes on in the calling one.

    doubt is the rule by which it may come to that, empty for the one end that no doubt brings.
    """

    verdict: Verdict | None
    doubt: str = ""


def _ends_of(ruleset: Ruleset, chain: str, packet: Packet, depth: int) -> Iterator[_End]:
    doubt = ""
    for rule in ruleset.chains.get(chain, ()) if depth <= _DEPTH_MAX else ():
        match, target = _read_rule(rule, packet)
        if match is _Match.NO or target is None:
            continue
        shown = f"-A {chain} {rule}"
        certain = match is _Match.YES
        here = doubt or ("" if certain else shown)
        if target == "RETURN" or target in _FATES:
            yield _End(Verdict(_FATES[target], shown) if target in _FATES else None, here)
            if certain:
                return
        elif target in ruleset.chains:
            left = []
            for end in dict.fromkeys(_ends_of(ruleset, target, packet, depth + 1)):
                if end.verdict is None:
                    left.append(end.doubt)
                else:
                    yield _End(end.verdict, here or end.doubt)
            if certain and not left:
                return
            if certain and all(left):
                doubt = doubt or left[0]
    yield _End(None, doubt)


def _read_rule(rule: str, packet: Packet) -> tuple[_Match, str | None]:
    """Whether a rule holds for the packet, and its target."""
    result, target = _Match.YES, None
    for negated, option, values in _options(shlex.split(rule)):
        if option in ("-j", "-g"):
            target = values[0]
            break  # what follows belongs to the target
        match = _match(option, values, packet)
        if negated and match is not _Match.MAYBE:
            match = _Match.YES if match is _Match.NO else _Match.NO
        if match is _Match.NO:
            return match, None
        if match is _Match.MAYBE:
            result = match
    return result, target


def _options(words: list[str]) -> Iterator[tuple[bool, str, list[str]]]:
    """The options of a rule with their values; an exclamation mark before one negates it."""
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


def _device(name: str, device: str) -> _Match:
    return _holds(device.startswith(name[:-1]) if name.endswith("+") else device == name)


def _protocol(name: str, packet: Packet) -> _Match:
    if name == "all":
        return _Match.YES
    return _Match.MAYBE if packet.protocol is None else _holds(packet.protocol == name)


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
    return _Match.MAYBE if name in _MATCH_BY_THEMSELVES else _Match.YES


_TESTS: Mapping[str, Callable[[str, Packet], _Match]] = {
    "-s": lambda value, packet: _holds(packet.source in IPv4Network(value)),
    "-d": lambda value, packet: _holds(packet.destination in IPv4Network(value)),
    "-i": lambda value, packet: _device(value, packet.in_device),
    "-o": lambda value, packet: _device(value, packet.out_device),
    "-p": _protocol,
    "--dport": _ports,
    "--dports": _ports,
    "--dst-type": _destination_type,
    "-m": _module,
    "--comment": lambda _value, _packet: _Match.YES,
    # The packet opens a connection.
    "--ctstate": lambda value, _packet: _holds("NEW" in value.split(",")),
    "--state": lambda value, _packet: _holds("NEW" in value.split(",")),
}
