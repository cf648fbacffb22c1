# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the userspace datapath carries what it should, where it is the one that carries."""

from __future__ import annotations

from ..advice import RESTART_AGENT, RESTART_DATAPATH
from ..facts import HostFacts
from ..finding import Check, Flaw


def examine(facts: HostFacts) -> list[Flaw]:
    """A datapath that does not answer, does not forward, or has other peers than the store."""
    plan, status = facts.plan, facts.datapath
    if plan is None or plan.datapath_table is None:
        return []
    if status is None:
        return [Flaw(facts.unread["datapath"], RESTART_DATAPATH)]
    if not status["forwarding"]:
        reasons = "; ".join(status["problems"]) or "it has no table"
        return [Flaw(f"the datapath forwards nothing: {reasons}", RESTART_DATAPATH)]
    if status["table"] != plan.datapath_table:
        return [Flaw("the datapath carries another table than the store says", RESTART_AGENT)]
    return []


CHECK = Check("datapath", "the datapath carries what the store says", ("plan",), examine)
