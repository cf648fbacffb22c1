# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`weftctl status`: the agent and the datapath on one screen."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from ..datapath.offloads import ACTIVE
from .columns import render_columns


def render_status(
    agent: Mapping[str, Any] | None, datapath: Mapping[str, Any] | None, problems: Sequence[str]
) -> str:
    """The screen; problems are those of reading the two, shown with those that they tell."""
    lines: list[tuple[str, str]] = []
    if agent is not None:
        lines += _agent_lines(agent)
        problems = [*problems, *agent["problems"]]
    if datapath is not None:
        lines += _datapath_lines(datapath)
    text = "".join(f"{name:<10} {value}\n" for name, value in lines)
    if datapath is not None and datapath["peers"]:
        text += "\n" + _peers(datapath["peers"])
    if problems:
        text += "\n" + "".join(f"PROBLEM: {problem}\n" for problem in problems)
    return text


def _agent_lines(agent: Mapping[str, Any]) -> list[tuple[str, str]]:
    store, lease = agent["store"], agent["lease"]
    where = "connected" if store["connected"] else f"away: {store['problem'] or 'not reached yet'}"
    lines = [
        ("agent", f"{'ready' if agent['ready'] else 'NOT READY'}, {_age(agent['since'])}"),
        ("release", agent["release"]),
        ("store", f"{where}, revision {store['revision'] or 'none'}"),
    ]
    if agent["network"]:
        lines.append(("network", f"{agent['network']} by {agent['backend']}{_carrier(agent)}"))
    if agent["interface"]:
        others = ", ".join(agent.get("other_addresses", ()))
        also = f" (the first; public_ip would choose among it and {others})" if others else ""
        lines.append(("underlay", f"{agent['interface']} {agent['address']}{also}"))
    if lease:
        kind = "lease that expires" if lease["expires"] else "reservation"
        lines.append(("subnet", f"{lease['subnet']} ({kind} of {lease['public_ip']})"))
        lines.append(("bip", lease["bip"]))
        lines.append(("mtu", f"{agent['mtu']} bytes"))
    lines.append(("peers", str(agent["peers"])))
    return lines


def _carrier(agent: Mapping[str, Any]) -> str:
    # The agent may be of a release that did not tell.
    carrier, refusal = agent.get("datapath"), agent.get("datapath_reason")
    if carrier is None:
        return ""
    return f", datapath {carrier}" + (f" (the kernel refuses: {refusal})" if refusal else "")


def _datapath_lines(datapath: Mapping[str, Any]) -> list[tuple[str, str]]:
    counters = datapath["counters"]
    state = "forwarding" if datapath["forwarding"] else "idle"
    if datapath["workers"]:
        state += f" by {len(datapath['workers'])} workers"
    lines = [
        ("datapath", f"{state}, {_age(datapath['since'])}"),
        ("in", f"{counters['packets_in']} packets, {counters['bytes_in']} bytes"),
        ("out", f"{counters['packets_out']} packets, {counters['bytes_out']} bytes"),
    ]
    drops = {reason: count for reason, count in counters["drops"].items() if count}
    dropped = ", ".join(f"{count} {reason}" for reason, count in drops.items())
    lines.append(("dropped", dropped or "nothing"))
    lines.append(("offloads", _offloads(datapath["offloads"])))
    return lines


def _offloads(states: Mapping[str, str]) -> str:
    active = [name for name, state in states.items() if state == ACTIVE]
    inactive = [f"{name} {state}" for name, state in states.items() if state != ACTIVE]
    return "; ".join([", ".join(active) or "none", *inactive])


def _peers(peers: Sequence[Mapping[str, Any]]) -> str:
    return render_columns(
        ("PEER", "SUBNET", "PACKETS IN", "PACKETS OUT", "LAST HEARD"),
        [
            (
                peer["public_ip"],
                peer["subnet"],
                str(peer["packets_in"]),
                str(peer["packets_out"]),
                f"{_seconds(time.time() - peer['last_heard'])} ago"
                if peer["last_heard"]
                else "never",
            )
            for peer in peers
        ],
    )


def _age(since: float) -> str:
    return f"up {_seconds(time.time() - since)}"


def _seconds(seconds: float) -> str:
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{max(0.0, seconds):.0f} s"
