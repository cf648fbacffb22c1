# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.weft.overlay.plugins.module_utils.verification.path_mtu import (
    SMALLEST,
    PathMtuSearch,
)


def rounds(true_mtu: int, ceiling: int) -> tuple[int, int]:
    """Return what the search finds, and in how many rounds."""
    search, count = PathMtuSearch(SMALLEST, ceiling), 0
    while not search.done:
        sizes = search.sizes()
        assert sizes == sorted(set(sizes))
        assert search.passes < sizes[0] <= sizes[-1] < search.fails
        search = search.narrowed(sizes, [size for size in sizes if size <= true_mtu])
        count += 1
    return search.passes, count


@given(st.data(), st.integers(SMALLEST + 1, 9216))
def test_the_search_finds_every_size_in_few_rounds(data: st.DataObject, ceiling: int) -> None:
    true_mtu = data.draw(st.integers(SMALLEST, ceiling - 1))
    found, count = rounds(true_mtu, ceiling)
    assert found == true_mtu
    assert count <= 4


@pytest.mark.parametrize("true_mtu", [SMALLEST, 1000, 1471])
def test_three_rounds_find_the_one_of_an_ethernet(true_mtu: int) -> None:
    assert rounds(true_mtu, 1472) == (true_mtu, 3)


def test_a_size_that_was_lost_by_chance_does_not_hide_a_larger_one() -> None:
    search = PathMtuSearch(SMALLEST, 1500).narrowed([500, 900, 1300], [900])
    assert search == PathMtuSearch(900, 1300)


def test_where_nothing_arrives_the_bounds_close_on_the_smallest() -> None:
    assert PathMtuSearch(SMALLEST, 1500).narrowed([500, 900], []) == PathMtuSearch(SMALLEST, 500)


def test_two_sizes_that_follow_each_other_leave_nothing_to_try() -> None:
    search = PathMtuSearch(1471, 1472)
    assert search.done
    assert search.sizes() == []
