# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The search of the highest rate at a loss under one in a hundred."""

from __future__ import annotations

import pytest

from bench.iperf3 import Datagrams
from bench.loss_search import highest_rate


class Bottleneck:
    """Delivers all up to a capacity, and of more nine in ten, but no more than `overloaded`."""

    def __init__(self, capacity: float, overloaded: float) -> None:
        self.capacity = capacity
        self.overloaded = overloaded
        self.offers: list[float] = []

    def __call__(self, offered: float) -> Datagrams:
        self.offers.append(offered)
        lossy = min(self.overloaded, 0.9 * offered)
        received = offered if offered <= self.capacity else lossy
        return Datagrams(round(offered), round(received), 1.0)


def test_path_that_loses_little_when_saturated_needs_no_search() -> None:
    never = Bottleneck(0, 0)
    assert highest_rate(Datagrams(1000, 995, 1.0), 3, never) == 995
    assert never.offers == []


def test_rate_beyond_what_overload_lets_through_is_found() -> None:
    path = Bottleneck(capacity=60_000, overloaded=40_000)
    assert highest_rate(path(100_000), 6, path) == pytest.approx(60_000, rel=0.05)


def test_rate_below_what_overload_lets_through_is_found() -> None:
    path = Bottleneck(capacity=10_000, overloaded=40_000)
    assert highest_rate(path(100_000), 6, path) == pytest.approx(10_000, rel=0.15)


def test_each_trial_is_one_measurement() -> None:
    path = Bottleneck(capacity=60_000, overloaded=40_000)
    saturated = path(100_000)
    highest_rate(saturated, 3, path)
    assert path.offers == [100_000, 40_000, 70_000, 55_000]


def test_path_that_loses_at_every_rate_has_none() -> None:
    path = Bottleneck(capacity=0, overloaded=40_000)
    assert highest_rate(path(1000), 3, path) is None
