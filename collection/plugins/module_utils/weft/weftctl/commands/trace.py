# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`weftctl trace ADDRESS`: the way of a packet, and what stops it."""

from __future__ import annotations

import argparse
import time
from ipaddress import AddressValueError, IPv4Address

from ..command import Command
from ..gathering import gather
from ..places import Places
from ..screen import Screen
from ..trace import render_trace, trace, trace_document


def run(options: argparse.Namespace, places: Places, screen: Screen) -> int:
    """Follow a packet that is never sent; 1 where it would not pass."""
    facts = gather(places, [options.address])
    if facts.store_problem:
        screen.complain(facts.store_problem)
        screen.complain("the leases are those last seen before")
    found = trace(options.address, facts, time.time())
    if options.json:
        screen.say_json(trace_document(found))
    else:
        screen.say(render_trace(found, screen.paint))
    return 0 if found.passes else 1


def _address(text: str) -> IPv4Address:
    try:
        return IPv4Address(text)
    except AddressValueError as error:
        raise argparse.ArgumentTypeError(f"{error}; give one as 100.96.2.7") from error


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("address", metavar="ADDRESS", type=_address, help="a container's address")


COMMAND = Command("trace", "which way a packet takes, and what stops it", run, _add_arguments)
