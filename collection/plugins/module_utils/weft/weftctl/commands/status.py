# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`weftctl status`: this host's overlay on one screen."""

from __future__ import annotations

import argparse
import time

from ...datapath.control_client import DatapathClient, DatapathError
from ..agent_status import read_agent_status
from ..command import Command
from ..places import Places
from ..screen import Screen
from ..status import render_status


def run(options: argparse.Namespace, places: Places, screen: Screen) -> int:
    """Read what the agent and the datapath say of themselves."""
    agent = read_agent_status(places.status)
    problems = list(agent.problems)
    datapath = None
    if not agent.kernel_carries:
        try:
            datapath = DatapathClient(places.control).status()
        except DatapathError as error:
            problems.append(f"the datapath: {error}")
    if options.json:
        document = {"agent": agent.document, "datapath": datapath, "problems": problems}
        screen.say_json(document)
    else:
        now = time.time()
        screen.say(render_status(agent.document, datapath, problems, screen.paint, now))
    return 0 if agent.document is not None and agent.document["ready"] and not problems else 1


COMMAND = Command("status", "the agent, the datapath and the peers on one screen", run)
