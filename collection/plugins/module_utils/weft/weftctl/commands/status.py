# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`weftctl status`: the agent, the datapath and the peers on one screen.

Loads no library: it reads the agent's status document and the datapath's control socket.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping, Sequence
from ipaddress import IPv4Network
from typing import Any

from ...datapath.offloads import ACTIVE
from ...datapath.process.client import DatapathClient, DatapathError
from ...host.lease_view import load_view
from ...model.lease import Lease
from ...store.certificate_expiry import SOON
from ..agent_status import AgentStatus, read_agent_status
from ..degradations import degradations, silent_peers
from ..formatting import format_duration, format_expiry, format_last_packet, format_table
from ..paths import HostPaths
from ..peer_probe import reach_peers
from ..peer_replies import PeerReplies
from ..terminal import Colour, Colouriser, Terminal

# More would not fit on one screen; 'weftctl peers' lists all.
_PEERS_SHOWN = 10
_EXIT_DOWN = 2


def add_arguments(_parser: argparse.ArgumentParser) -> None:
    """The command has no arguments of its own."""


def run(options: argparse.Namespace, paths: HostPaths, terminal: Terminal) -> int:
    """Show both documents; return 0 without a problem, 1 if degraded, 2 if the overlay is down.

    It is down if the agent does not run, the host has no lease, or the datapath does not forward.
    """
    agent = read_agent_status(paths.status)
    problems = list(agent.problems)
    datapath = None
    if not agent.kernel_datapath:
        try:
            datapath = DatapathClient(paths.control).status()
        except DatapathError as error:
            problems.append(f"datapath: {error}")
    now = time.time()
    replies = _peer_replies(agent, paths)
    degraded = (
        degradations(agent.document, replies, now) if agent.document and agent.running else []
    )
    if options.json:
        document = {
            "agent": agent.document,
            "datapath": datapath,
            "problems": problems,
            "degraded": degraded,
        }
        terminal.print_json(document)
    else:
        text = render_status(
            agent,
            datapath,
            problems,
            terminal.colour,
            now,
            degraded=degraded,
            silent=silent_peers(replies),
        )
        terminal.print(text)
    return exit_status(agent, datapath, [*problems, *degraded])


def exit_status(
    agent: AgentStatus, datapath: Mapping[str, Any] | None, problems: Sequence[str]
) -> int:
    """Return 0, or 1 with a problem, or 2 if the overlay is down, as in `run`."""
    document = agent.document
    if document is None or not agent.running or not document["lease"]:
        return _EXIT_DOWN
    if not agent.kernel_datapath and not (datapath and datapath["forwarding"]):
        return _EXIT_DOWN
    return 0 if document["ready"] and not problems else 1


def _peer_replies(agent: AgentStatus, paths: HostPaths) -> Mapping[Lease, PeerReplies]:
    """Probe the peers of the last known leases; empty if that is not permitted, as without root."""
    document = agent.document
    if document is None or not agent.running or not document["lease"] or not document["network"]:
        return {}
    view = load_view(paths.snapshot)
    leases = view.leases_within(IPv4Network(document["network"]))
    try:
        return reach_peers([each for each in leases if str(each.subnet) != agent.own_subnet])
    except OSError:
        return {}


def render_status(
    agent: AgentStatus,
    datapath: Mapping[str, Any] | None,
    problems: Sequence[str],
    colour: Colouriser,
    now: float,
    *,
    degraded: Sequence[str] = (),
    silent: str = "",
) -> str:
    """Return the screen; `problems` are those of reading, shown before those of the agent.

    `degraded` and `silent` are the results of `degradations` and `silent_peers`.
    If the agent is not running, its last status is marked as such.
    """
    lines: list[tuple[str, str]] = []
    if agent.document is not None:
        lines += _agent_lines(agent.document, colour, now, agent.running)
        reported = agent.document["problems"]
        last = "" if agent.running else "last reported: "
        problems = [*problems, *(f"{last}{problem}" for problem in reported), *degraded]
        if silent:
            lines[:] = [
                (name, f"{value}; {silent}" if name == "peers" else value) for name, value in lines
            ]
    if datapath is not None:
        lines += _datapath_lines(datapath, colour, now)
    text = "".join(f"{name:<10} {value}\n" for name, value in lines)
    if datapath is not None and datapath["peers"]:
        text += "\n" + _peers(datapath["peers"], now)
    if problems:
        text += "\n" + "".join(
            colour(f"PROBLEM: {problem}", Colour.BAD) + "\n" for problem in problems
        )
        text += "Run 'weftctl doctor' to find the cause and the fix.\n"
    return text


def _agent_lines(
    agent: Mapping[str, Any], colour: Colouriser, now: float, running: bool
) -> list[tuple[str, str]]:
    lease = agent["lease"]
    lines = [
        ("agent", _agent_state(agent, colour, now, running)),
        ("release", agent["release"]),
        ("etcd", _store_state(agent["store"], colour, running)),
    ]
    # An older release does not report it; without TLS there is no certificate.
    expiry = agent.get("certificate_expiry")
    if expiry is not None:
        text = f"certificate {format_expiry(expiry, now)}"
        lines.append(("tls", colour(text, Colour.WARNING) if expiry - now < SOON else text))
    if agent["network"]:
        backend = f"backend {agent['backend']}{_datapath(agent)}"
        lines.append(("network", f"{agent['network']}, {backend}"))
    if agent["interface"]:
        others = ", ".join(agent.get("other_addresses", ()))
        note = f" (the first address; also {others}: choose with public_ip)" if others else ""
        lines.append(("underlay", f"{agent['interface']} {agent['address']}{note}"))
    if lease:
        kind = "expiring lease" if lease["expires"] else "reservation"
        lines.append(("subnet", f"{lease['subnet']} ({kind} of {lease['public_ip']})"))
        lines.append(("bip", lease["bip"]))
        lines.append(("mtu", f"{agent['mtu']} bytes"))
    lines.append(("peers", str(agent["peers"])))
    # An older release has no metrics.
    if agent.get("metrics"):
        lines.append(("metrics", agent["metrics"]))
    return lines


def _agent_state(agent: Mapping[str, Any], colour: Colouriser, now: float, running: bool) -> str:
    if not running:
        return colour("NOT RUNNING", Colour.BAD) + "; showing its last status"
    uptime = f"up {format_duration(now - agent['since'])}"
    if not agent["ready"]:
        return f"{colour('NOT READY', Colour.BAD)}, {uptime}"
    synced = agent["store"]["connected"]
    leases = "in sync with etcd" if synced else "continues with the last known leases"
    return f"{colour('ready', Colour.GOOD)}, {uptime}; {leases}"


def _store_state(store: Mapping[str, Any], colour: Colouriser, running: bool) -> str:
    was = "" if running else "was "
    revision = f"revision {store['revision'] or 'none'}"
    if store["connected"]:
        return f"{was}connected, {revision}"
    unreachable = colour("unreachable", Colour.WARNING)
    return f"{was}{unreachable}: {store['problem'] or 'no connection yet'}, {revision}"


def _datapath(agent: Mapping[str, Any]) -> str:
    # An older release does not report it.
    datapath, reason = agent.get("datapath"), agent.get("datapath_reason")
    if datapath is None:
        return ""
    return f", datapath {datapath}" + (
        f" (kernel datapath unavailable: {reason})" if reason else ""
    )


def _datapath_lines(
    datapath: Mapping[str, Any], colour: Colouriser, now: float
) -> list[tuple[str, str]]:
    counters = datapath["counters"]
    state = colour("forwarding", Colour.GOOD) if datapath["forwarding"] else "idle"
    if datapath["workers"]:
        state += f", {len(datapath['workers'])} workers"
    drops = [f"{count} {reason}" for reason, count in counters["drops"].items() if count]
    return [
        ("datapath", f"{state}, up {format_duration(now - datapath['since'])}"),
        ("in", f"{counters['packets_in']} packets, {counters['bytes_in']} bytes"),
        ("out", f"{counters['packets_out']} packets, {counters['bytes_out']} bytes"),
        ("dropped", ", ".join(drops) or "none"),
        ("offloads", _offloads(datapath["offloads"])),
    ]


def _offloads(states: Mapping[str, str]) -> str:
    active = [name for name, state in states.items() if state == ACTIVE]
    inactive = [f"{name} {state}" for name, state in states.items() if state != ACTIVE]
    return "; ".join([", ".join(active) or "none", *inactive])


def _peers(peers: Sequence[Mapping[str, Any]], now: float) -> str:
    table = format_table(
        ("PEER", "SUBNET", "PACKETS IN", "PACKETS OUT", "LAST PACKET"),
        [
            (
                peer["public_ip"],
                peer["subnet"],
                str(peer["packets_in"]),
                str(peer["packets_out"]),
                format_last_packet(peer["last_heard"], now),
            )
            for peer in peers[:_PEERS_SHOWN]
        ],
    )
    left_out = len(peers) - _PEERS_SHOWN
    return table + (f"and {left_out} more: run 'weftctl peers'\n" if left_out > 0 else "")
