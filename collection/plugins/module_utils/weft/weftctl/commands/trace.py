# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`weftctl trace ADDRESS`: the path of a packet, and the step that stops it."""

from __future__ import annotations

import argparse
import time
from dataclasses import asdict
from ipaddress import AddressValueError, IPv4Address
from typing import Any

from ..facts_reader import read_facts
from ..formatting import format_last_packet
from ..packet_path import PacketPath, trace_packet
from ..paths import HostPaths
from ..terminal import Colour, Colouriser, Terminal


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the address to the command's parser."""
    parser.add_argument("address", metavar="ADDRESS", type=_address, help="a container's address")


def run(options: argparse.Namespace, paths: HostPaths, terminal: Terminal) -> int:
    """Show the path, without sending a packet; return 1 if this host stops it, or may stop it."""
    facts = read_facts(paths, [options.address])
    if facts.store_problem:
        terminal.warn(facts.store_problem)
        terminal.warn("using the last known leases")
    path = trace_packet(options.address, facts, time.time())
    if options.json:
        terminal.print_json(path_document(path))
    else:
        terminal.print(render_path(path, terminal.colour, time.time()))
    return 0 if path.passes else 1


def path_document(path: PacketPath) -> dict[str, Any]:
    """Return the path as JSON values; `mend` is the deprecated name of `fix`."""
    return {
        "address": str(path.address),
        "passes": path.passes,
        "last_heard": path.last_heard,
        "not_checked": _not_checked(path),
        "steps": [{**asdict(step), "mend": step.fix} for step in path.steps],
    }


def render_path(path: PacketPath, colour: Colouriser, now: float) -> str:
    """Return a line for each step, the result, and what a trace on one host cannot know."""
    marks = {
        True: colour("ok", Colour.GOOD),
        False: colour("no", Colour.BAD),
        None: colour("? ", Colour.WARNING),
    }
    width = max(len(step.name) for step in path.steps)
    lines = []
    for step in path.steps:
        lines.append(f"{marks[step.passes]}  {step.name:<{width}}  {step.text}")
        if step.fix:
            lines.append(f"    {'':<{width}}  fix: {step.fix}")
    result = {
        True: f"nothing on this host stops a packet to {path.address}",
        False: f"a packet to {path.address} would not pass",
        None: f"a packet to {path.address} may not pass: see the steps marked ?",
    }[path.passes]
    lines += ["", result]
    if path.last_heard is not None:
        heard = format_last_packet(path.last_heard, now)
        lines.append(f"the last packet from {path.peer} arrived {heard}")
    if path.passes is not False:
        lines.append(f"not checked: {_not_checked(path)}")
    return "\n".join(lines)


def _not_checked(path: PacketPath) -> str:
    if path.peer is None:
        return "whether the address is in use"
    return (
        f"the network between the hosts; firewall, docker0 and the container on {path.peer} "
        "('weftctl doctor' sends packets)"
    )


def _address(text: str) -> IPv4Address:
    try:
        return IPv4Address(text)
    except AddressValueError as error:
        raise argparse.ArgumentTypeError(f"{error}; give one as 100.96.2.7") from error
