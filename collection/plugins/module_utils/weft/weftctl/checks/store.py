# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the store answers from here, and holds a network."""

from __future__ import annotations

from collections.abc import Mapping

from ...store.errors import StoreFault
from ..advice import SITE
from ..facts import HostFacts
from ..finding import Check, Flaw

# Never a restart of etcd: it mends none of these, and on all members it costs their majority.
_MENDS: Mapping[StoreFault, str] = {
    StoreFault.TLS: f"{SITE}; where that changes nothing: weft.overlay.rotate",
    StoreFault.REFUSED: SITE,
    StoreFault.OTHER: SITE,
}


def examine(facts: HostFacts) -> list[Flaw]:
    """A store that does not answer, or has nothing to say."""
    if facts.store_problem:
        return [Flaw(facts.store_problem, _MENDS.get(facts.store_fault) or _look(facts))]
    reason = facts.unread.get("network")
    return [Flaw(reason, SITE)] if reason else []


def _look(facts: HostFacts) -> str:
    members = ", ".join(f"{one.host}:{one.port}" for one in facts.settings.store.members)
    return (
        "on the hosts of the store: systemctl status etcd; "
        f"where it runs, let this host reach TCP {members}"
    )


CHECK = Check("store", "the store answers and has a network", ("settings",), examine)
