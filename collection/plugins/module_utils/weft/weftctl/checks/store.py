# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the store answers from here, and holds a network."""

from __future__ import annotations

from ..advice import SITE
from ..facts import HostFacts
from ..finding import Check, Flaw


def examine(facts: HostFacts) -> list[Flaw]:
    """A store that does not answer, or has nothing to say."""
    if facts.store_problem:
        return [Flaw(facts.store_problem, "on the hosts of the store: systemctl restart etcd")]
    reason = facts.unread.get("network")
    return [Flaw(reason, SITE)] if reason else []


CHECK = Check("store", "the store answers and has a network", ("settings",), examine)
