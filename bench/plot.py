# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plot of a run's results, for the README."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from bench.figures import Figure
from bench.link import Mode
from bench.summary import Row

_TITLES = {
    Figure.TCP1: "TCP, one stream (Gbit/s)",
    Figure.TCP4: "TCP, four streams (Gbit/s)",
    Figure.UDP64: "64-byte UDP received at saturation (datagrams/s)",
    Figure.UDP1400: "1,400-byte UDP received at saturation (datagrams/s)",
    Figure.RTT_P50: "median round trip, idle (µs), less is better",
    Figure.CPU: "CPU seconds per GiB, both ends, less is better",
}
_OURS, _OTHERS = "#0b6e4f", "#5b6b7a"
_BAR = 0.4
# Where a path's two bars lie; the wire's is on top and of full colour.
_MODES = {Mode.W: (-_BAR / 2, 1.0), Mode.P: (_BAR / 2, 0.35)}


def draw(rows: Sequence[Row], caption: str, targets: Sequence[Path]) -> None:
    """Draw the medians, with least and greatest as whiskers, into files by their suffixes."""
    canvas = Canvas(figsize=(13, 13), layout="constrained")
    paths = list(dict.fromkeys(row.path for row in rows))
    for axes, (figure, title) in zip(canvas.subplots(3, 2).flat, _TITLES.items(), strict=True):
        _panel(axes, paths, [row for row in rows if row.figure == figure])
        axes.set_title(title, fontsize=10)
    canvas.suptitle("Full colour: wire-like link (W); pale: plain veth (P)", fontsize=10)
    canvas.supxlabel(caption, fontsize=8)
    for target in targets:
        canvas.savefig(target, dpi=110)


def _panel(axes: Axes, paths: Sequence[str], rows: Sequence[Row]) -> None:
    for row in rows:
        offset, opacity = _MODES[row.mode]
        axes.barh(
            paths.index(row.path) + offset,
            row.median,
            _BAR,
            color=_OURS if row.path.startswith("weft-") else _OTHERS,
            alpha=opacity,
            xerr=[[row.median - row.min], [row.max - row.median]],
            error_kw={"elinewidth": 0.8},
        )
    axes.set_yticks(range(len(paths)), paths, fontsize=8)
    axes.invert_yaxis()
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(axis="x", labelsize=8)
