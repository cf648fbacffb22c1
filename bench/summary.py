# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From samples to rows: median, least and greatest of each figure of each path in each mode."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from bench.figures import Figure
from bench.link import Mode


@dataclass(frozen=True, slots=True)
class Sample:
    """One measured value."""

    path: str
    mode: Mode
    figure: Figure
    value: float


@dataclass(frozen=True, slots=True)
class Row:
    """All samples of one figure of one path in one mode."""

    path: str
    mode: Mode
    figure: Figure
    unit: str
    median: float
    min: float
    max: float

    @property
    def spread(self) -> float:
        """Half the distance from least to greatest, as a share of the median."""
        return (self.max - self.min) / 2 / self.median if self.median else 0.0

    def to_document(self) -> dict[str, Any]:
        """Return the row as JSON values."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Failure:
    """A measurement that gave no value."""

    path: str
    mode: Mode
    figure: str
    reason: str


def summarise(samples: Iterable[Sample]) -> tuple[Row, ...]:
    """Group samples into rows, in the order in which the groups first appear."""
    groups: dict[tuple[str, Mode, Figure], list[float]] = {}
    for sample in samples:
        groups.setdefault((sample.path, sample.mode, sample.figure), []).append(sample.value)
    return tuple(
        Row(
            path,
            mode,
            figure,
            figure.unit,
            *(_round(value) for value in (statistics.median(values), min(values), max(values))),
        )
        for (path, mode, figure), values in groups.items()
    )


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that `share` of the values do not exceed, by the nearest rank."""
    return sorted(values)[max(math.ceil(share * len(values)), 1) - 1]


def _round(value: float) -> float:
    """Keep four significant digits; the measurement has no more."""
    return float(f"{value:.4g}")
