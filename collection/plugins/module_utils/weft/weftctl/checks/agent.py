# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the agent runs, and what it says is wrong."""

from __future__ import annotations

from ..advice import START_AGENT
from ..facts import HostFacts
from ..finding import Check, Flaw

_LOG = "as the sentence says; 'journalctl -u weftd -e' has the history"


def examine(facts: HostFacts) -> list[Flaw]:
    """An agent that does not run, or each of its problems."""
    problems = facts.agent["problems"]
    if not facts.agent["running"]:
        return [Flaw(problems[0], START_AGENT)]
    return [Flaw(problem, _LOG) for problem in problems]


CHECK = Check("agent", "the agent runs and has no complaint", ("agent",), examine)
