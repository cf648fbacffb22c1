# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of the tests that need root and network namespaces."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .namespaces import Namespaces, namespaces, unusable


@pytest.fixture
def made() -> Iterator[Namespaces]:
    """Yield a set of namespaces of the test's own, removed in the end, whatever happens."""
    reason = unusable()
    if reason is not None:
        pytest.fail(reason)
    with namespaces() as own:
        yield own
