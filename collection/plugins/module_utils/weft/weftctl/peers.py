# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How each peer fares, by what carries the packets to it. No I/O.

The userspace datapath counts by peer. The kernel counts by device alone, and with host-gw by none
of weft's: what nobody counted is left out, here null.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from ..datapath.process.status import PeerStatus
from ..kernel.state import FdbEntry
from ..model.lease import Lease
from .ages import heard_text
from .columns import render_columns
from .facts import HostFacts, bridge_of
from .screen import Colour, Paint


def peers_document(facts: HostFacts) -> dict[str, Any]:
    """The peers, the counters of the overlay's devices, and the datapath's drops, as plain values.

    Of a peer, `entries` tells whether the kernel holds what the store says of it, `neighbour` what
    it knows of the peer's public IP on the link.
    """
    status = facts.datapath
    return {
        "peers": [_row(facts, peer) for peer in facts.peers],
        "devices": {
            name: asdict(counters)
            for name, counters in facts.counters.items()
            if facts.underlay is None or name != facts.underlay.interface
        },
        "drops": status["counters"]["drops"] if status and _carried(facts) else None,
        "problems": [
            reason
            for name, reason in facts.unread.items()
            if name in ("plan", "state", "routes") or (name == "datapath" and _carried(facts))
        ],
    }


def render_peers(document: Mapping[str, Any], paint: Paint, now: float) -> str:
    """The peers as a table, then what was counted for all of them together."""
    parts = [_table(document["peers"], paint, now) if document["peers"] else "no peers\n"]
    for name, counters in document["devices"].items():
        parts.append(
            f"{name}: {counters['rx_packets']} packets in, {counters['tx_packets']} out; "
            f"{counters['rx_dropped'] + counters['rx_errors']} in and "
            f"{counters['tx_dropped'] + counters['tx_errors']} out dropped\n"
        )
    if document["drops"] is not None:
        drops = [(reason, count) for reason, count in document["drops"].items() if count]
        width = max((len(reason) for reason, _count in drops), default=0)
        lines = [f"  {reason:<{width}}  {count}\n" for reason, count in drops]
        parts.append(
            "dropped by the datapath:" + ("\n" + "".join(lines) if lines else " nothing\n")
        )
    parts += [paint(f"PROBLEM: {problem}", Colour.BAD) + "\n" for problem in document["problems"]]
    return "\n".join(parts)


def _carried(facts: HostFacts) -> bool:
    return facts.plan is not None and facts.plan.datapath_table is not None


def _row(facts: HostFacts, peer: Lease) -> dict[str, Any]:
    route = facts.routes.get(bridge_of(peer))
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
    if facts.datapath is None or not _carried(facts):
        return None
    known = (held for held in facts.datapath["peers"] if held["subnet"] == str(peer.subnet))
    return next(known, None)


def _has_entries(facts: HostFacts, peer: Lease) -> bool | None:
    """Whether all that the plan lays for a peer is there; None where that cannot be told."""
    if facts.plan is None or "state" in facts.unread:
        return None
    planned, held = facts.plan.state, facts.state
    address = bridge_of(peer)
    routes = {route for route in planned.routes if address in route.destination}
    neighbours = {
        entry for entry in planned.neighbours if entry.address == peer.subnet.network_address
    }
    macs = {entry.mac for entry in neighbours}
    fdb: set[FdbEntry] = {entry for entry in planned.fdb if entry.mac in macs}
    return (
        bool(routes) and routes <= held.routes and neighbours <= held.neighbours and fdb <= held.fdb
    )


def _table(peers: Sequence[Mapping[str, Any]], paint: Paint, now: float) -> str:
    return render_columns(
        (
            *("PEER", "SUBNET", "BACKEND", "DEVICE", "ENTRIES", "NEXT HOP", "NEIGHBOUR"),
            *("PACKETS IN", "PACKETS OUT", "LAST HEARD"),
        ),
        [_cells(peer, paint, now) for peer in peers],
    )


def _cells(peer: Mapping[str, Any], paint: Paint, now: float) -> tuple[str, ...]:
    counted = peer["packets_in"] is not None
    entries = {
        True: paint("as stored", Colour.GOOD),
        False: paint("differ", Colour.BAD),
        None: "unknown",
    }[peer["entries"]]
    return (
        peer["public_ip"],
        peer["subnet"],
        peer["backend"],
        peer["device"] or paint("none", Colour.BAD),
        entries,
        peer["next_hop"],
        peer["neighbour"] or "-",
        str(peer["packets_in"]) if counted else "-",
        str(peer["packets_out"]) if counted else "-",
        heard_text(peer["last_heard"], now) if counted else "-",
    )
