# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the daemon's units run steadily and the agent is ready, and why not. No I/O."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_SUBNET = re.compile(r"^FLANNEL_SUBNET=\S+$", re.MULTILINE)
# The last line of a traceback.
_ERROR = re.compile(r"^[A-Za-z_][\w.]*(?:Error|Exception)\b")
_MTU = re.compile(r"^FLANNEL_MTU=[1-9][0-9]*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of the daemon as systemd reports it; since in seconds of the monotonic clock."""

    name: str
    loaded: bool
    active: str
    sub: str
    restarts: int
    since: float


def read_unit(name: str, shown: str) -> Unit:
    """Parse the output of `systemctl show`. A missing property counts as zero or empty."""
    properties = dict(line.partition("=")[::2] for line in shown.splitlines())
    return Unit(
        name,
        properties.get("LoadState") == "loaded",
        properties.get("ActiveState") or "unknown",
        properties.get("SubState") or "unknown",
        int(properties.get("NRestarts") or 0),
        int(properties.get("ActiveEnterTimestampMonotonic") or 0) / 1e6,
    )


def unit_problem(unit: Unit, now: float, stable: float) -> str:
    """Return why a unit has not run for ``stable`` seconds; empty if it has."""
    if not unit.loaded:
        return f"{unit.name} is not installed"
    if unit.active != "active":
        restarted = f", restarted {unit.restarts} times" if unit.restarts else ""
        return f"{unit.name} is {unit.active} ({unit.sub}{restarted})"
    if now - unit.since < stable:
        return f"{unit.name} has been active for less than {stable:g} s"
    return ""


def subnet_file_problem(text: str | None) -> str:
    """Return why a subnet.env does not have the subnet and the MTU; empty if it has."""
    if text is None:
        return "weftd has not written /run/flannel/subnet.env"
    if not (_SUBNET.search(text) and _MTU.search(text)):
        return "/run/flannel/subnet.env has no subnet or no MTU"
    return ""


def status_problems(output: str, errors: str) -> list[str]:
    """Return why the agent is not ready, from what `weftctl status --json` printed."""
    try:
        status = json.loads(output)
        agent = status["agent"]
        problems = list(status["problems"])
        ready = bool(agent and agent.get("ready"))
    except (KeyError, TypeError, ValueError):
        return [f"weftctl status: {' '.join(errors.split()) or 'no output'}"]
    if not ready:
        problems += (agent or {}).get("problems") or ()
        problems = problems or [_without_lease(agent or {})]
    return list(dict.fromkeys(map(str, problems)))


def _without_lease(agent: Mapping[str, Any]) -> str:
    store = agent.get("store") or {}
    if not agent.get("lease"):
        reason = store.get("problem") or "no reply of etcd yet"
        return f"the agent has no lease: {reason}"
    return "the agent is not ready"


def last_error(journal: str) -> str:
    """Return the last error in the journal of a unit; empty if there is none.

    The journal is that of the unit's processes in the form `cat`. The agent logs each event as one
    line, Python a traceback whose last line is the error.
    """
    lines: Sequence[str] = [line.strip() for line in journal.splitlines() if line.strip()]
    errors = [line for line in lines if "cannot start" in line or _ERROR.match(line)]
    return errors[-1] if errors else ""


def failure(reasons: Sequence[str], causes: Sequence[str], timeout: float) -> str:
    """Return the message of a wait that has ended without success."""
    found = "; ".join(each.rstrip(".") for each in dict.fromkeys([*causes, *reasons]) if each)
    waited = f" after {timeout:g} s" if timeout else ""
    return (
        f"weftd is not ready{waited}: {found}. Run 'weftctl doctor' on the host, and see "
        "'journalctl -u weftd'."
    )
