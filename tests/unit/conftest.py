# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures that the unit tests of several folders use."""

from __future__ import annotations

import itertools
import time

import pytest

_YEAR = 365 * 86400


@pytest.fixture
def jumping_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wall clock that jumps by a year at each reading, forward and back in turn."""
    real, offsets = time.time, itertools.cycle((_YEAR, -_YEAR, 0))
    monkeypatch.setattr(time, "time", lambda: real() + next(offsets))
    monkeypatch.setattr(time, "time_ns", lambda: int((real() + next(offsets)) * 1e9))
