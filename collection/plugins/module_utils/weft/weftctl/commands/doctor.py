# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`weftctl doctor`: the usual suspects, each with the command that mends it."""

from __future__ import annotations

import argparse

from ..checks.registry import CHECKS
from ..command import Command
from ..doctor import examine, exit_status, findings_document, render_findings
from ..gathering import gather
from ..places import Places
from ..screen import Screen


def run(options: argparse.Namespace, places: Places, screen: Screen) -> int:
    """Gather the facts and judge them; nothing of the host is changed."""
    findings = examine(CHECKS, gather(places, probes=True))
    if options.json:
        screen.say_json(findings_document(findings))
    else:
        screen.say(render_findings(findings, screen.paint))
    return exit_status(findings)


COMMAND = Command("doctor", "what is wrong on this host, and what mends it", run)
