# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`weftctl status`: this host's overlay on one screen."""

from __future__ import annotations

import argparse
import time

from ...datapath.process.client import DatapathClient, DatapathError
from ..agent_status import read_agent_status
from ..command import Command
from ..places import Places
from ..screen import Screen
from ..status import render_status


def run(options: argparse.Namespace, places: Places, screen: Screen) -> int:
    """Read what the agent and the datapath say of themselves."""
    agent = read_agent_status(places.status)
    problems, told = list(agent.problems), agent.document
    datapath = None
    if not agent.kernel_carries:
        try:
            datapath = DatapathClient(places.control).status()
        except DatapathError as error:
            problems.append(f"the datapath: {error}")
    if options.json:
        screen.say_json({"agent": told, "datapath": datapath, "problems": problems})
    else:
        paint, now = screen.paint, time.time()
        screen.say(render_status(told, datapath, problems, paint, now, running=agent.running))
    return 0 if told is not None and told["ready"] and not problems else 1


COMMAND = Command("status", "the agent, the datapath and the peers on one screen", run)
