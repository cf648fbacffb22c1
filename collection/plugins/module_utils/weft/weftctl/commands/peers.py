# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`weftctl peers`: kernel entries, packets and drops of each other host.

The userspace datapath counts by peer. The kernel counts by device, and with host-gw not apart from
other traffic: an unknown count is null.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from ...datapath.process.status import PeerStatus
from ...kernel.state import FdbEntry
from ...model.lease import Lease
from ..facts import HostFacts
from ..facts_reader import read_facts
from ..formatting import format_last_packet, format_table
from ..paths import HostPaths
from ..peer_replies import bridge_address
from ..terminal import Colour, Colouriser, Terminal


def add_arguments(_parser: argparse.ArgumentParser) -> None:
    """The command has no arguments of its own."""


def run(options: argparse.Namespace, paths: HostPaths, terminal: Terminal) -> int:
    """Show the peers; return 1 if the kernel lacks entries of one, or a fact is unreadable."""
    facts = read_facts(paths)
    if facts.store_problem:
        terminal.warn(facts.store_problem)
        terminal.warn("showing the last known peers")
    document = peers_document(facts)
    if options.json:
        terminal.print_json(document)
    else:
        terminal.print(render_peers(document, terminal.colour, time.time()))
    incomplete = any(not peer["entries"] for peer in document["peers"])
    return 1 if incomplete or document["problems"] or facts.store_problem else 0


def peers_document(facts: HostFacts) -> dict[str, Any]:
    """Return the peers, the counters of the overlay's devices and the drops as JSON values.

    `entries`: whether the kernel has all entries of the peer. `neighbour`: the state of the next
    hop to its public IP.
    """
    status = facts.datapath
    return {
        "peers": [_row(facts, peer) for peer in facts.peers],
        "devices": {
            name: asdict(counters)
            for name, counters in facts.counters.items()
            if facts.underlay is None or name != facts.underlay.interface
        },
        "drops": status["counters"]["drops"] if status and _is_userspace(facts) else None,
        "problems": [
            reason
            for name, reason in facts.unreadable.items()
            if name in ("plan", "state", "routes") or (name == "datapath" and _is_userspace(facts))
        ],
    }


def render_peers(document: Mapping[str, Any], colour: Colouriser, now: float) -> str:
    """Return the peers as a table, then the counters of devices and the drops."""
    parts = [_table(document["peers"], colour, now) if document["peers"] else "no peers\n"]
    for name, counters in document["devices"].items():
        parts.append(
            f"{name}: {counters['rx_packets']} packets in, {counters['tx_packets']} out; "
            f"dropped {counters['rx_dropped'] + counters['rx_errors']} in, "
            f"{counters['tx_dropped'] + counters['tx_errors']} out\n"
        )
    if document["drops"] is not None:
        drops = [(reason, count) for reason, count in document["drops"].items() if count]
        width = max((len(reason) for reason, _count in drops), default=0)
        lines = [f"  {reason:<{width}}  {count}\n" for reason, count in drops]
        parts.append("dropped by the datapath:" + ("\n" + "".join(lines) if lines else " none\n"))
    parts += [colour(f"PROBLEM: {problem}", Colour.BAD) + "\n" for problem in document["problems"]]
    return "\n".join(parts)


def _is_userspace(facts: HostFacts) -> bool:
    return facts.plan is not None and facts.plan.datapath_table is not None


def _row(facts: HostFacts, peer: Lease) -> dict[str, Any]:
    route = facts.routes.get(bridge_address(peer))
    towards = facts.routes.get(peer.public_ip)
    next_hop = towards.gateway if towards and towards.gateway else peer.public_ip
    counted = _counted(facts, peer)
    return {
        "public_ip": str(peer.public_ip),
        "subnet": str(peer.subnet),
        "backend": peer.backend_type or "udp",
        "device": route.device if route else None,
        "entries": _has_entries(facts, peer),
        "next_hop": str(next_hop),
        "neighbour": facts.neighbours.get(next_hop),
        **{
            name: counted[name] if counted else None
            for name in ("packets_in", "bytes_in", "packets_out", "bytes_out", "last_heard")
        },
    }


def _counted(facts: HostFacts, peer: Lease) -> PeerStatus | None:
    if facts.datapath is None or not _is_userspace(facts):
        return None
    matching = (held for held in facts.datapath["peers"] if held["subnet"] == str(peer.subnet))
    return next(matching, None)


def _has_entries(facts: HostFacts, peer: Lease) -> bool | None:
    """Whether the kernel has all entries of the plan for a peer; None if they are unreadable."""
    if facts.plan is None or "state" in facts.unreadable:
        return None
    planned, held = facts.plan.state, facts.state
    address = bridge_address(peer)
    routes = {route for route in planned.routes if address in route.destination}
    neighbours = {
        entry for entry in planned.neighbours if entry.address == peer.subnet.network_address
    }
    macs = {entry.mac for entry in neighbours}
    fdb: set[FdbEntry] = {entry for entry in planned.fdb if entry.mac in macs}
    return (
        bool(routes) and routes <= held.routes and neighbours <= held.neighbours and fdb <= held.fdb
    )


def _table(peers: Sequence[Mapping[str, Any]], colour: Colouriser, now: float) -> str:
    return format_table(
        (
            *("PEER", "SUBNET", "BACKEND", "DEVICE", "ENTRIES", "NEXT HOP", "NEIGHBOUR"),
            *("PACKETS IN", "PACKETS OUT", "LAST PACKET"),
        ),
        [_cells(peer, colour, now) for peer in peers],
    )


def _cells(peer: Mapping[str, Any], colour: Colouriser, now: float) -> tuple[str, ...]:
    counted = peer["packets_in"] is not None
    entries = {
        True: colour("complete", Colour.GOOD),
        False: colour("incomplete", Colour.BAD),
        None: "unknown",
    }[peer["entries"]]
    return (
        peer["public_ip"],
        peer["subnet"],
        peer["backend"],
        peer["device"] or colour("none", Colour.BAD),
        entries,
        peer["next_hop"],
        peer["neighbour"] or "-",
        str(peer["packets_in"]) if counted else "-",
        str(peer["packets_out"]) if counted else "-",
        format_last_packet(peer["last_heard"], now) if counted else "-",
    )
