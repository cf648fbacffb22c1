# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a host has no container in the verification, and how to fix it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# In the order in which the tasks run.
_STATES = ("started", "probed", "measured", "absent")

# A part of Docker's error message or of the failed command, and the next step.
_STEPS = (
    ("Docker daemon", "see 'systemctl status docker' there"),
    (
        "'docker image",
        "the network is not affected, and --skip-tags verify leaves the verification out. Remove "
        "verify_image, so that the host makes an image itself, or set it to an image that the host "
        "can pull or to an archive on the host",
    ),
)


def lacks_container(entry: Mapping[str, Any]) -> bool:
    """Return whether the host has no container or is no longer in the play."""
    return bool(entry.get("left")) or not (entry.get("started") or {}).get("address")


def missing_container_reason(entry: Mapping[str, Any]) -> str:
    """Return the failed task, the reason and the next step.

    The entry has the results of the tasks, in the form that read_results takes.
    """
    results = [(state, entry.get(state) or {}) for state in _STATES]
    for state, result in results:
        if result.get("unreachable") or result.get("failed"):
            return f"{_failed_task(state)}: {_reason(state, result)}, and verify again"
    if entry.get("left"):
        return (
            f"{_failed_task('started')}: an earlier task failed on this host: fix the error in "
            "the play's "
            "output above, and verify again"
        )
    return f"{_failed_task('started')}: see the play's output above, and verify again"


def _failed_task(state: str) -> str:
    if state == "started":
        return "no container was started"
    return "the probes of its container failed"


def _reason(state: str, result: Mapping[str, Any]) -> str:
    message = " ".join(str(result.get("msg") or "").split()).rstrip(".")
    if result.get("unreachable"):
        reason = f" ({message})" if message else ""
        return (
            f"Ansible cannot connect to the host{reason}: check that it runs and that SSH accepts "
            "this controller"
        )
    otherwise = "see 'docker info' there" if state == "started" else "see the play's output above"
    step = next((step for words, step in _STEPS if words in message), otherwise)
    return f"{message}: {step}" if message else step
