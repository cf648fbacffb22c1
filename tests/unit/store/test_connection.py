# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The timeout of a query to etcd."""

from __future__ import annotations

import time

import pytest

from ansible_collections.weft.overlay.plugins.module_utils.weft.store.client import StoreClient
from ansible_collections.weft.overlay.plugins.module_utils.weft.store.errors import (
    StoreUnavailableError,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.store.settings import StoreSettings


@pytest.mark.usefixtures("jumping_clock")
def test_a_jump_of_the_wall_clock_changes_no_timeout() -> None:
    settings = StoreSettings(endpoints=("http://127.0.0.1:1",), timeout=1)
    begun = time.monotonic()
    with StoreClient(settings) as store, pytest.raises(StoreUnavailableError):
        store.snapshot()
    assert 0.9 < time.monotonic() - begun < 5
