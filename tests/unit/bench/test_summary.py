# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Medians, spreads and percentiles."""

from __future__ import annotations

import pytest

from bench.figures import Figure
from bench.link import Mode
from bench.summary import Row, Sample, percentile, summarise


def test_samples_of_one_figure_path_and_mode_make_a_row() -> None:
    samples = [
        Sample("none", Mode.P, Figure.TCP1, 3.0),
        Sample("none", Mode.W, Figure.TCP1, 1.0),
        Sample("none", Mode.P, Figure.TCP1, 1.0),
        Sample("none", Mode.P, Figure.TCP1, 2.5),
    ]
    assert summarise(samples) == (
        Row("none", Mode.P, Figure.TCP1, "Gbit/s", median=2.5, min=1.0, max=3.0),
        Row("none", Mode.W, Figure.TCP1, "Gbit/s", median=1.0, min=1.0, max=1.0),
    )


def test_values_keep_four_digits() -> None:
    (row,) = summarise([Sample("none", Mode.P, Figure.UDP64, 74336.7)])
    assert row.median == 74340


def test_spread_is_half_the_range_by_the_median() -> None:
    row = Row("none", Mode.P, Figure.TCP1, "Gbit/s", median=2.0, min=1.0, max=3.0)
    assert row.spread == 0.5


def test_row_has_the_documented_keys() -> None:
    (row,) = summarise([Sample("none", Mode.W, Figure.CPU, 1.5)])
    assert row.to_document() == {
        "path": "none",
        "mode": "W",
        "figure": "cpu_s_per_gib",
        "unit": "s/GiB",
        "median": 1.5,
        "min": 1.5,
        "max": 1.5,
    }


@pytest.mark.parametrize(
    ("share", "expected"), [(0.0, 1), (0.01, 1), (0.5, 50), (0.501, 51), (0.99, 99), (1.0, 100)]
)
def test_percentile_is_of_the_nearest_rank(share: float, expected: int) -> None:
    assert percentile(list(range(100, 0, -1)), share) == expected
