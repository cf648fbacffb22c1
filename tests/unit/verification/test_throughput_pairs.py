# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from ansible_collections.weft.overlay.plugins.filter.throughput_pairs import FilterModule

NAMES = ["a", "b", "c"]


@pytest.mark.parametrize(
    ("names", "count", "pairs"),
    [
        (NAMES, 0, []),
        (NAMES, 2, ["ab", "bc"]),
        (NAMES, 4, ["ab", "bc", "ca", "ac"]),
        (NAMES, 99, ["ab", "bc", "ca", "ac", "ba", "cb"]),
        (["a"], 5, []),
        ([], 5, []),
    ],
)
def test_pairs_are_spread_over_the_hosts(names: list[str], count: int, pairs: list[str]) -> None:
    chosen = FilterModule().filters()["throughput_pairs"](names, count)
    assert ["".join(pair) for pair in chosen] == pairs
