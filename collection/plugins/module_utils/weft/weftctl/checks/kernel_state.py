# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether devices, addresses, routes, neighbours and FDB are as the store says."""

from __future__ import annotations

from ...kernel.change_text import describe
from ...kernel.difference import difference
from ..advice import RESTART_AGENT
from ..facts import HostFacts
from ..finding import Check, Flaw

_SHOWN = 5


def examine(facts: HostFacts) -> list[Flaw]:
    """Each change that the agent would have to make."""
    if facts.plan is None:
        return []
    changes = difference(facts.plan.state, facts.state)
    flaws = [Flaw(f"to be done: {describe(change)}", RESTART_AGENT) for change in changes[:_SHOWN]]
    if len(changes) > _SHOWN:
        flaws.append(Flaw(f"{len(changes) - _SHOWN} more changes", RESTART_AGENT))
    return flaws


CHECK = Check("kernel", "devices and routes are as the store says", ("plan", "state"), examine)
