# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.token_bucket import (
    TokenBucket,
)


def test_a_burst_then_the_rate() -> None:
    bucket = TokenBucket(rate=10, burst=3, now=100)
    assert [bucket.take(100) for _ in range(4)] == [True, True, True, False]
    assert not bucket.take(100.09)
    assert bucket.take(100.11)
    assert not bucket.take(100.11)


def test_idle_time_fills_no_more_than_the_burst() -> None:
    bucket = TokenBucket(rate=10, burst=3, now=0)
    assert [bucket.take(1e6) for _ in range(4)] == [True, True, True, False]


@given(st.lists(st.floats(0, 0.5), max_size=200))
def test_never_more_than_burst_plus_rate(pauses: list[float]) -> None:
    bucket = TokenBucket(rate=7, burst=5, now=0)
    now, taken = 0.0, 0
    for pause in pauses:
        now += pause
        taken += bucket.take(now)
        assert taken <= 5 + 7 * now + 1e-6
