# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The results as a document and as tables for the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bench.figures import Figure
from bench.link import Mode
from bench.paths.path import MeasuredPath
from bench.summary import Failure, Row

_PATH_WIDTH = 24
_CELL_WIDTH = 13

_HEADINGS = {
    Figure.TCP1: "tcp1",
    Figure.TCP4: "tcp4",
    Figure.UDP64: "udp64",
    Figure.UDP64_LOSSLESS: "udp64 <1%",
    Figure.UDP1400: "udp1400",
    Figure.UDP1400_LOSSLESS: "udp1400 <1%",
    Figure.RTT_P50: "rtt p50",
    Figure.RTT_P99: "rtt p99",
    Figure.RTT_P50_LOADED: "p50 loaded",
    Figure.RTT_P99_LOADED: "p99 loaded",
    Figure.CPU: "cpu s/GiB",
}


def document(
    rows: Sequence[Row],
    failures: Sequence[Failure],
    unavailable: Mapping[str, str],
    paths: Sequence[MeasuredPath],
    about: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the results as JSON values.

    `about` has what else is known of the run, such as the machine. A path without a row is
    unavailable; one that failed in every measurement gives the reason of the first.
    """
    reasons = dict(unavailable)
    measured = {row.path for row in rows}
    for failure in failures:
        if failure.path not in measured:
            reasons.setdefault(failure.path, f"{failure.figure}: {failure.reason}")
    return {
        **about,
        "paths": {path.name: path.how for path in paths},
        "rows": [row.to_document() for row in rows],
        "unavailable": [{"path": path, "reason": reason} for path, reason in reasons.items()],
        "failed": [
            {
                "path": failure.path,
                "mode": failure.mode,
                "figure": failure.figure,
                "reason": failure.reason,
            }
            for failure in failures
        ],
    }


def table(rows: Sequence[Row], mode: Mode) -> str:
    """Lay out the rows of one mode: a line a path, medians with half their spread."""
    cells = {(row.path, row.figure): row for row in rows if row.mode == mode}
    figures = [figure for figure in Figure if any(figure == known for _, known in cells)]
    lines = [
        _line(f"mode {mode}", (_HEADINGS[figure] for figure in figures)),
        _line("", (figure.unit for figure in figures)),
    ]
    for path in dict.fromkeys(path for path, _ in cells):
        lines.append(_line(path, (_cell(cells.get((path, figure))) for figure in figures)))
    return "\n".join(lines)


def shares(rows: Sequence[Row], figure: Figure, reference: str) -> str:
    """Lay out each path's median as a share of the reference path's, a column a mode.

    Nothing if the reference was not measured.
    """
    medians = {(row.path, row.mode): row.median for row in rows if row.figure == figure}
    modes = [mode for mode in Mode if (reference, mode) in medians]
    if not modes:
        return ""
    lines = [_line(f"{figure} / {reference}", modes)]
    for path in dict.fromkeys(path for path, _ in medians):
        values = (
            f"{medians[path, mode] / medians[reference, mode]:.2f}"
            if (path, mode) in medians
            else "-"
            for mode in modes
        )
        lines.append(_line(path, values))
    return "\n".join(lines)


def _line(heading: str, cells: Iterable[str]) -> str:
    return f"{heading:{_PATH_WIDTH}}" + "".join(f"{cell:>{_CELL_WIDTH}}" for cell in cells)


def _cell(row: Row | None) -> str:
    if row is None:
        return "-"
    return f"{magnitude(row.median)} ±{row.spread:.0%}"


def magnitude(value: float) -> str:
    """Write a value with three digits, thousands as k."""
    if value >= 10_000:
        return f"{value / 1000:.0f}k"
    if value >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"
