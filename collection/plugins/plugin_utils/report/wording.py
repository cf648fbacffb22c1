# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the report writes numbers and names what it shows: words, signs, units."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .fleet import Condition, Pair, Verdict


@dataclass(frozen=True, slots=True)
class Word:
    """A name of a state, its sign of one character, and what it means."""

    name: str
    sign: str
    meaning: str


VERDICTS: Mapping[Verdict, Word] = {
    Verdict.OK: Word("reaches", "✓", "packets cross, and keep their source address"),
    Verdict.UNKNOWN: Word("not probed", "?", "nobody asked, or the probe did not end"),
    Verdict.SOURCE: Word("source changed", "≠", "packets cross under another source address"),
    Verdict.MTU: Word("MTU misfit", "↧", "small packets cross, large ones are lost"),
    Verdict.TCP: Word("no TCP", "T", "echo requests cross, a TCP connection does not"),
    Verdict.FAIL: Word("fails", "✕", "not reached, or not as it should be"),
}

CONDITIONS: Mapping[Condition, Word] = {
    Condition.OK: Word("well", "✓", "answers, and says of no problem"),
    Condition.PROBLEM: Word("problem", "!", "answers, and something is wrong"),
    Condition.UNREACHABLE: Word("unreachable", "✕", "Ansible did not reach it"),
}


def counted(count: int, one: str, many: str = "") -> str:
    """`1 host`, `3 hosts`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def milliseconds(value: float) -> str:
    """Two significant digits or more: `0.042`, `0.42`, `4.2`, `42`."""
    digits = 3 if value < 0.1 else 2 if value < 1 else 1 if value < 10 else 0
    return f"{value:.{digits}f}"


def percent(share: float) -> str:
    """`0 %`, `2.5 %`, `100 %`."""
    return f"{share * 100:.1f}".removesuffix(".0") + " %"


def shortened(text: str, length: int) -> str:
    """The text, cut to *length* characters with a sign of it."""
    return text if len(text) <= length else text[: length - 1] + "…"


def backend_between(one: str, other: str) -> str:
    """The backend of a link; hosts in the middle of a change may differ."""
    if one == other:
        return one or "unknown"
    return "mixed" if one and other else one or other


def reason_of(pair: Pair) -> str:
    """What came back of a fault, or else what its verdict means; empty where nothing is wrong."""
    if not pair.verdict.is_fault:
        return ""
    return pair.answer or VERDICTS[pair.verdict].meaning


def describe_pair(pair: Pair) -> str:
    """All that is known of a pair, on one line."""
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
