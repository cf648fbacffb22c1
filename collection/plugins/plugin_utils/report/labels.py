# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The labels of the report: names, signs, and numbers with units."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .fleet import Condition, Pair, Verdict


@dataclass(frozen=True, slots=True)
class Label:
    """The name of a state, its sign of one character, and its meaning."""

    name: str
    sign: str
    meaning: str


VERDICTS: Mapping[Verdict, Label] = {
    Verdict.OK: Label("reachable", "✓", "reachable, source address unchanged"),
    Verdict.UNKNOWN: Label("not checked", "?", "not probed, or the probe did not finish"),
    Verdict.SOURCE: Label("source changed", "≠", "reachable, but with another source address"),
    Verdict.MTU: Label("small path MTU", "↧", "small packets arrive, large packets are lost"),
    Verdict.TCP: Label("no TCP", "T", "echo requests are answered, TCP connections are not"),
    Verdict.FAIL: Label("failed", "✕", "unreachable, or another fault"),
}

CONDITIONS: Mapping[Condition, Label] = {
    Condition.OK: Label("healthy", "✓", "reachable, no problem reported"),
    Condition.PROBLEM: Label("problem", "!", "reachable, with a problem"),
    Condition.UNREACHABLE: Label("unreachable", "✕", "Ansible cannot connect to it"),
}


def counted(count: int, one: str, many: str = "") -> str:
    """Return a count with its noun: `1 host`, `3 hosts`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def milliseconds(value: float) -> str:
    """Return milliseconds with about two significant digits: `0.042`, `0.42`, `4.2`, `42`."""
    digits = 3 if value < 0.1 else 2 if value < 1 else 1 if value < 10 else 0
    return f"{value:.{digits}f}"


def percent(share: float) -> str:
    """Return a share as a percentage: `0 %`, `2.5 %`, `100 %`."""
    return f"{share * 100:.1f}".removesuffix(".0") + " %"


def shortened(text: str, length: int) -> str:
    """Return the text, cut to *length* characters with an ellipsis."""
    return text if len(text) <= length else text[: length - 1] + "…"


def backend_between(one: str, other: str) -> str:
    """Return the backend of a link; the two hosts may differ during a change of the backend."""
    if one == other:
        return one or "unknown"
    return "mixed" if one and other else one or other


def reason_of(pair: Pair) -> str:
    """Return the result of a faulty pair or the meaning of its verdict; empty without a fault."""
    if not pair.verdict.is_fault:
        return ""
    return pair.answer or VERDICTS[pair.verdict].meaning


def describe_pair(pair: Pair) -> str:
    """Return the results of a pair on one line."""
    parts = [VERDICTS[pair.verdict].name]
    if reason := reason_of(pair):
        parts[0] += f" ({reason})"
    if pair.verdict is Verdict.SOURCE and pair.source_seen:
        parts.append(f"seen as {pair.source_seen}")
    if pair.round_trip:
        parts.append(f"{milliseconds(pair.round_trip.median)} ms")
    if pair.path_mtu is not None:
        differs = pair.expected_mtu is not None and pair.path_mtu != pair.expected_mtu
        parts.append(
            f"path MTU {pair.path_mtu}" + (f", expected {pair.expected_mtu}" if differs else "")
        )
    if pair.loss:
        parts.append(f"{percent(pair.loss)} lost")
    if pair.throughput is not None:
        parts.append(f"{pair.throughput:.0f} Mbit/s")
    return ", ".join(parts)
