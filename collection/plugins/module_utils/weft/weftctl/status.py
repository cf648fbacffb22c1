# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The agent and the datapath on one screen. No I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..datapath.offloads import ACTIVE
from ..store.certificate_expiry import SOON
from .ages import age_text, end_text, heard_text
from .columns import render_columns
from .screen import Colour, Paint

# More would not fit on one screen; 'weftctl peers' has them all.
_PEERS_SHOWN = 10


def render_status(
    agent: Mapping[str, Any] | None,
    datapath: Mapping[str, Any] | None,
    problems: Sequence[str],
    paint: Paint,
    now: float,
    *,
    running: bool = True,
) -> str:
    """The screen; problems are those of reading the two, shown with those that they tell.

    Where the agent is not running, what it said last is told as such.
    """
    lines: list[tuple[str, str]] = []
    if agent is not None:
        lines += _agent_lines(agent, paint, now, running)
        told = agent["problems"]
        problems = [*problems, *(told if running else (f"it said last: {each}" for each in told))]
    if datapath is not None:
        lines += _datapath_lines(datapath, paint, now)
    text = "".join(f"{name:<10} {value}\n" for name, value in lines)
    if datapath is not None and datapath["peers"]:
        text += "\n" + _peers(datapath["peers"], now)
    if problems:
        text += "\n" + "".join(
            paint(f"PROBLEM: {problem}", Colour.BAD) + "\n" for problem in problems
        )
        text += "'weftctl doctor' looks for causes, and names what mends them\n"
    return text


def _agent_lines(
    agent: Mapping[str, Any], paint: Paint, now: float, running: bool
) -> list[tuple[str, str]]:
    store, lease = agent["store"], agent["lease"]
    where = (
        "connected"
        if store["connected"]
        else paint("away", Colour.DOUBTFUL) + f": {store['problem'] or 'not reached yet'}"
    )
    known = f"{where}, revision {store['revision'] or 'none'}"
    if running:
        ready = paint("ready", Colour.GOOD) if agent["ready"] else paint("NOT READY", Colour.BAD)
        state = f"{ready}, up {age_text(now - agent['since'])}; keeps this host as the store says"
    else:
        state = paint("NOT RUNNING", Colour.BAD) + "; what follows of it is what it said last"
        known = f"was {known}"
    lines = [("agent", state), ("release", agent["release"]), ("store", known)]
    # The agent may be of a release that did not look, or the store one that asks for none.
    expiry = agent.get("certificate_expiry")
    if expiry is not None:
        end = f"certificate {end_text(expiry, now)}"
        lines.append(("identity", paint(end, Colour.DOUBTFUL) if expiry - now < SOON else end))
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
    # The agent may be of a release that had no metrics.
    if agent.get("metrics"):
        lines.append(("metrics", agent["metrics"]))
    return lines


def _carrier(agent: Mapping[str, Any]) -> str:
    # The agent may be of a release that did not tell.
    carrier, refusal = agent.get("datapath"), agent.get("datapath_reason")
    if carrier is None:
        return ""
    return f", datapath {carrier}" + (f" (the kernel refuses: {refusal})" if refusal else "")


def _datapath_lines(datapath: Mapping[str, Any], paint: Paint, now: float) -> list[tuple[str, str]]:
    counters = datapath["counters"]
    state = paint("forwarding", Colour.GOOD) if datapath["forwarding"] else "idle"
    if datapath["workers"]:
        state += f" by {len(datapath['workers'])} workers"
    lines = [
        ("datapath", f"{state}, up {age_text(now - datapath['since'])}; carries the packets"),
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


def _peers(peers: Sequence[Mapping[str, Any]], now: float) -> str:
    table = render_columns(
        ("PEER", "SUBNET", "PACKETS IN", "PACKETS OUT", "LAST HEARD"),
        [
            (
                peer["public_ip"],
                peer["subnet"],
                str(peer["packets_in"]),
                str(peer["packets_out"]),
                heard_text(peer["last_heard"], now),
            )
            for peer in peers[:_PEERS_SHOWN]
        ],
    )
    left_out = len(peers) - _PEERS_SHOWN
    return table + (f"and {left_out} more: 'weftctl peers'\n" if left_out > 0 else "")
