# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The verdict on probed ports: which are blocked between two hosts, and by what. No I/O."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

# A refused connection is a fault only of a port that something listens on: a rule rejected it.
_REFUSED = "Connection refused"
_SILENT = "timed out"


@dataclass(frozen=True, slots=True)
class BlockedPort:
    """A port of `target` at `address` that `host` cannot reach; `setting` is its variable."""

    host: str
    target: str
    address: str
    source: str
    protocol: str
    port: int
    setting: str
    error: str


def blocked_ports(hosts: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the blocked ports of all hosts, given as variables of hosts of the play.

    A UDP port is judged only if the responder of its host has it: another program need not reply.
    """
    listening = {
        str(host["inventory_hostname"]): _listening(host.get("__reachability_responder") or {})
        for host in hosts
    }
    return [asdict(port) for host in hosts for port in _blocked_of(host, listening)]


def port_problem(blocked: Sequence[Mapping[str, Any]], rules: Sequence[Mapping[str, Any]]) -> str:
    """Return the message on the blocked ports, "" without one.

    *rules* are the results of port_rule_info of the targets. Ports of a host that fail for the same
    reason share a sentence.
    """
    known = {
        (each["source"], each["address"], each["protocol"], each["port"]): each["rule"]
        for each in rules
    }
    groups: dict[tuple[str, ...], list[Mapping[str, Any]]] = {}
    for port in blocked:
        place = (port["source"], port["address"], port["protocol"], port["port"])
        reason = (port["target"], port["address"], port["protocol"], port["error"])
        groups.setdefault((*reason, known.get(place, "")), []).append(port)
    return " ".join(_message(ports, group[-1]) for group, ports in groups.items())


def _listening(responder: Mapping[str, Any]) -> Mapping[tuple[str, int], bool]:
    """Return the ports that are listened on, and whether the responder does."""
    return {
        (each["protocol"], each["port"]): name == "served"
        for name in ("in_use", "served")
        for each in responder.get(name, ())
    }


def _blocked_of(
    host: Mapping[str, Any], listening: Mapping[str, Mapping[tuple[str, int], bool]]
) -> Iterator[BlockedPort]:
    for probe in (host.get("__reachability_probe") or {}).get("probes", ()):
        if not probe["error"]:
            continue
        responds = listening.get(probe["host"], {}).get((probe["protocol"], probe["port"]))
        certain = responds is not None if probe["error"] == _REFUSED else True
        if probe["protocol"] == "udp":
            certain = bool(responds)
        if certain:
            yield BlockedPort(
                host=str(host["inventory_hostname"]),
                target=probe["host"],
                address=probe["address"],
                source=probe["source"],
                protocol=probe["protocol"],
                port=probe["port"],
                setting=probe["setting"],
                error=probe["error"],
            )


def _message(ports: Sequence[Mapping[str, Any]], rule: str) -> str:
    """Return the message on ports of one host that fail for the same reason."""
    first = ports[0]
    target, protocol = first["target"], first["protocol"]
    hosts = list(dict.fromkeys(port["host"] for port in ports))
    sources = ",".join(dict.fromkeys(port["source"] for port in ports if port["source"]))
    numbers = list(dict.fromkeys(port["port"] for port in ports))
    named = ", ".join(dict.fromkeys(f"{port['port']} ({port['setting']})" for port in ports))
    found = (
        f"{', '.join(hosts)} cannot reach {protocol.upper()} {named} of {target} at "
        f"{first['address']}: {first['error'].lower()}."
    )
    if not rule:
        return (
            f"{found} No iptables rule of {target} rejects it: see 'nft list ruleset' there, the "
            f"rules of {', '.join(hosts)} for outgoing packets, and the firewalls between them."
        )
    match = f"--dport {numbers[0]}"
    if len(numbers) > 1:
        match = f"-m multiport --dports {','.join(map(str, numbers))}"
    return (
        f"{found} {rule} of {target} rejects it. Open the port there: iptables -I INPUT "
        f"-p {protocol} -s {sources} {match} -j ACCEPT, and add the same to the rules that the "
        "firewall loads at boot."
    )
