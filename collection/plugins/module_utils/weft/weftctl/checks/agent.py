# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of the agent and its settings."""

from __future__ import annotations

from ..facts import HostFacts
from ..finding import Check, CheckProblem
from ..fixes import SITE, START_AGENT

_FOLLOW_MESSAGE = "follow the message; 'journalctl -u weftd -e' shows the history"


def _settings(facts: HostFacts) -> list[CheckProblem]:
    """Find settings that cannot be read, or that fit no interface."""
    reasons = [facts.unreadable.get(name) for name in ("settings", "underlay")]
    return [CheckProblem(reason, f"{SITE} --tags overlay") for reason in reasons if reason]


def _agent(facts: HostFacts) -> list[CheckProblem]:
    """Find a stopped agent, or each problem that the agent reports."""
    problems = facts.agent["problems"]
    if not facts.agent["running"]:
        return [CheckProblem(problems[0], START_AGENT)]
    return [CheckProblem(problem, _FOLLOW_MESSAGE) for problem in problems]


SETTINGS = Check("settings", "the settings are valid on this host", (), _settings)
AGENT = Check("agent", "the agent runs and reports no problem", ("agent",), _agent)
