# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the checks over the facts of a host, and shows what they found. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import Any

from .advice import lasting_advice
from .facts import HostFacts
from .finding import Check, Finding, Severity
from .screen import Colour, Paint

_COLOURS = {
    Severity.OK: Colour.GOOD,
    Severity.WARNING: Colour.DOUBTFUL,
    Severity.UNKNOWN: Colour.DOUBTFUL,
    Severity.FAULT: Colour.BAD,
}
_CANNOT_TELL = 3
_COUNTABLE = frozenset({Severity.WARNING, Severity.FAULT})


def examine(checks: Iterable[Check], facts: HostFacts) -> list[Finding]:
    """The findings of all checks; one that lacks a fact says that it cannot tell."""
    return [finding for check in checks for finding in _findings(check, facts)]


def exit_status(findings: Sequence[Finding]) -> int:
    """1 with a fault, 3 where a check could not tell, else 0: a warning is no failure."""
    severities = {finding.severity for finding in findings}
    if Severity.FAULT in severities:
        return 1
    return _CANNOT_TELL if Severity.UNKNOWN in severities else 0


def findings_document(findings: Sequence[Finding]) -> dict[str, Any]:
    """The findings as plain values."""
    return {
        "healthy": exit_status(findings) == 0,
        "findings": [asdict(finding) for finding in findings],
    }


def render_findings(findings: Sequence[Finding], paint: Paint) -> str:
    """A line for each finding, below it what mends it; in the end what of that a reboot undoes."""
    width = max(len(finding.check) for finding in findings)
    lines = []
    for finding in findings:
        verdict = paint(f"{finding.severity:<7}", _COLOURS[finding.severity])
        lines.append(f"{verdict}  {finding.check:<{width}}  {finding.text}")
        if finding.mend:
            lines.append(f"{'':7}  {'':{width}}  mend: {finding.mend}")
    counts = dict.fromkeys(Severity, 0)
    for finding in findings:
        counts[finding.severity] += 1
    summary = ", ".join(
        f"{count} {severity}{'s' if severity in _COUNTABLE and count > 1 else ''}"
        for severity, count in counts.items()
        if count
    )
    lasting = lasting_advice(finding.mend for finding in findings)
    return "\n".join([*lines, "", *filter(None, [lasting]), summary])


def _findings(check: Check, facts: HostFacts) -> Iterator[Finding]:
    missing = [name for name in check.needs if name in facts.unread]
    if missing:
        reason = facts.unread[missing[0]]
        yield Finding(check.name, Severity.UNKNOWN, f"cannot tell: {reason}")
        return
    flaws = check.examine(facts)
    if not flaws:
        yield Finding(check.name, Severity.OK, check.suspects)
    for flaw in flaws:
        yield Finding(check.name, flaw.severity, flaw.text, flaw.mend)
