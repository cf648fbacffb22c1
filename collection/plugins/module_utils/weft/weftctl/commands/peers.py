# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`weftctl peers`: how each peer fares."""

from __future__ import annotations

import argparse
import time

from ..command import Command
from ..gathering import gather
from ..peers import peers_document, render_peers
from ..places import Places
from ..screen import Screen


def run(options: argparse.Namespace, places: Places, screen: Screen) -> int:
    """Read the facts; 1 where a peer lacks what the store says, or something cannot be read."""
    facts = gather(places)
    if facts.store_problem:
        screen.complain(facts.store_problem)
        screen.complain("the peers are those last seen before")
    document = peers_document(facts)
    if options.json:
        screen.say_json(document)
    else:
        screen.say(render_peers(document, screen.paint, time.time()))
    lacking = any(not peer["entries"] for peer in document["peers"])
    return 1 if lacking or document["problems"] or facts.store_problem else 0


COMMAND = Command("peers", "the other hosts: last heard, packets, drops by reason", run)
