# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The differences that a run in check mode finds, from the results of its tasks. No I/O."""

from __future__ import annotations

import difflib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

# The most lines to print of each side of a difference.
_LISTED_LINES = 12


@dataclass(frozen=True, slots=True)
class Drift:
    """A difference on a host: the task that would fix it, the current and the wanted lines.

    For a task without a diff, before is its message or None, and after is None.
    """

    host: str
    what: str
    before: str | None
    after: str | None


def drifts_in(
    host: str, what: str, result: Mapping[str, Any], hosts: Collection[str]
) -> list[Drift]:
    """Return the differences in the changed result of a task.

    A diff whose keys are all in hosts is split into the differences of these hosts.
    """
    diff = result.get("diff") or []
    differences = [diff] if isinstance(diff, Mapping) else diff
    found = [
        drift
        for difference in differences
        for drift in _drifts_of(host, what, difference, hosts)
        if drift.before or drift.after
    ]
    return found or [Drift(host, what, _message(result), None)]


def _drifts_of(
    host: str, what: str, difference: Mapping[str, Any], hosts: Collection[str]
) -> Iterable[Drift]:
    before, after = difference.get("before"), difference.get("after")
    if before is None and after is None:
        yield Drift(host, what, None, _text(difference.get("prepared")).strip() or None)
        return
    named = {*_keys(before), *_keys(after)}
    if named and named <= set(hosts):
        for name in sorted(named):
            yield _drift(name, what, (before or {}).get(name), (after or {}).get(name))
        return
    header = difference.get("before_header")
    yield _drift(host, f"{what} ({header})" if header else what, before, after)


def _drift(host: str, what: str, before: object, after: object) -> Drift:
    """Return the difference with the changed lines only."""
    lines = list(difflib.ndiff(_text(before).splitlines(), _text(after).splitlines()))
    gone = [line[2:] for line in lines if line.startswith("- ")]
    new = [line[2:] for line in lines if line.startswith("+ ")]
    return Drift(host, what, "\n".join(gone) or None, "\n".join(new) or None)


def _keys(value: object) -> Iterable[str]:
    return value if isinstance(value, Mapping) else ()


def _text(value: object) -> str:
    if value is None or value == {}:
        return ""
    if isinstance(value, str):
        return value
    return json.dumps(value, indent=2, sort_keys=True, default=str)


def _message(result: Mapping[str, Any]) -> str | None:
    message = result.get("msg")
    if isinstance(message, Sequence) and not isinstance(message, str):
        return "; ".join(map(str, message)) or None
    return _text(message).strip() or None


def document(
    began: datetime, drifts: Sequence[Drift], unreachable: Iterable[str]
) -> dict[str, Any]:
    """Return the drift document, format 1; began is a time in UTC."""
    return {
        "format": 1,
        "began": began.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "drifts": [asdict(drift) for drift in drifts],
        "unreachable": sorted(unreachable),
    }


def render(drifts: Sequence[Drift], unreachable: Iterable[str]) -> list[str]:
    """Return the lines to print, by host, or one line if there is no drift."""
    lines = [f"{host}: unreachable, not checked" for host in sorted(unreachable)]
    for drift in sorted(drifts, key=lambda drift: drift.host):
        lines.append(f"{drift.host}: {drift.what}")
        lines += _sided("-", drift.before)
        lines += _sided("+", drift.after)
    return lines or ["no drift"]


def _sided(sign: str, text: str | None) -> list[str]:
    lines = (text or "").splitlines()
    shown = [f"    {sign} {line}" for line in lines[:_LISTED_LINES]]
    if len(lines) > _LISTED_LINES:
        shown.append(f"    {sign} ... {len(lines) - _LISTED_LINES} more lines")
    return shown
