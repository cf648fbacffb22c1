# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hosts of a verification whose daemon is not ready, though their containers may be reached."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def unready_hosts(given: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return a sentence for each host whose `weftctl status` is not that of a ready agent.

    The entries have the form that read_results takes. A host without weftctl has no daemon.
    """
    sentences = []
    for entry in given:
        daemon = (entry.get("started") or {}).get("daemon")
        if entry.get("left") or entry.get("outside") or daemon is None:
            continue
        agent = daemon.get("agent") or {}
        reasons = list(map(str, daemon.get("problems") or ()))
        if not agent.get("ready"):
            reasons += map(str, agent.get("problems") or ())
            reasons = reasons or ["it has no lease yet"]
        if reasons:
            named = "; ".join(dict.fromkeys(each.rstrip(".") for each in reasons))
            sentences.append(
                f"{entry['name']}: weftd is not ready: {named}. Packets may still pass with its "
                "last settings; run 'weftctl doctor' there."
            )
    return sentences
