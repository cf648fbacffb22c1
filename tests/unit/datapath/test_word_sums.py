# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sums of a batch are those of its packets, with NumPy and without."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.wire import (
    word_sums as module,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.wire.checksum import (
    word_sum,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.wire.word_sums import (
    word_sums,
)


@pytest.fixture(params=[True, False], ids=["numpy", "without"])
def _numpy(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    assert module.VECTORISED, "the tests are to have NumPy: run `make setup`"
    monkeypatch.setattr(module, "VECTORISED", request.param)


@pytest.mark.usefixtures("_numpy")
@given(
    data=st.binary(min_size=1, max_size=400),
    start=st.integers(0, 7),
    length=st.integers(1, 40),
    gap=st.integers(0, 9),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_each_slice_is_summed(data: bytes, start: int, length: int, gap: int) -> None:
    stride = length + gap
    count = max(0, (len(data) - start - length) // stride + 1)
    expected = [
        word_sum(data[at : at + length]) for at in range(start, start + count * stride, stride)
    ]
    for kind in (bytes(data), bytearray(data), memoryview(data)):
        assert word_sums(kind, start, stride, length, count) == expected


@pytest.mark.usefixtures("_numpy")
def test_a_full_batch_of_ones_does_not_overflow() -> None:
    data = b"\xff" * 65507
    assert word_sums(data, 0, 1472, 1472, 44) == [0] * 44
