# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a host has no container among those that were probed, and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# In this order they run.
_STATES = ("started", "probed", "measured", "absent")

# What Docker says, or the command that it refused, and where to look.
_STEPS = (
    ("Docker daemon", "see 'systemctl status docker' there"),
    (
        "'docker image",
        "give verify_image a name that the host can pull, or an archive on the host's disk",
    ),
)


def is_absent(entry: Mapping[str, Any]) -> bool:
    """Whether the host of the entry left the play, or has no container."""
    return bool(entry.get("left")) or not (entry.get("started") or {}).get("address")


def why_absent(entry: Mapping[str, Any]) -> str:
    """What happened to the host, the reason, and the next step.

    The entry has what each state of the module returned, as read_results takes it.
    """
    results = [(state, entry.get(state) or {}) for state in _STATES]
    for state, result in results:
        if result.get("unreachable") or result.get("failed"):
            return f"{_lost(state)}: {_reason(state, result)}, and verify again"
    if entry.get("left"):
        return (
            f"{_lost('started')}: it had left the play before: see the play's output above, mend "
            "what failed, and verify again"
        )
    return f"{_lost('started')}: see the play's output above, and verify again"


def _lost(state: str) -> str:
    if state == "started":
        return "no container was started there"
    return "its container could not be probed to the end"


def _reason(state: str, result: Mapping[str, Any]) -> str:
    message = " ".join(str(result.get("msg") or "").split()).rstrip(".")
    if result.get("unreachable"):
        told = f" ({message})" if message else ""
        return (
            f"Ansible does not reach it{told}: see whether it runs, and whether SSH lets this "
            "controller in"
        )
    otherwise = "see 'docker info' there" if state == "started" else "see the play's output above"
    step = next((step for words, step in _STEPS if words in message), otherwise)
    return f"{message}: {step}" if message else step
