# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One Chromium for all tests of this folder, and pages of fleets of several sizes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from dev.browser import Browser, browser
from tests.report.fleets import gathered, page

Pages = Callable[[int, bool], Path]


@pytest.fixture(scope="session")
def window() -> Iterator[Browser]:
    with browser() as opened:
        yield opened


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Pages:
    """Write the report of a fleet of that many hosts, well or troubled, and tell where it is."""
    folder = tmp_path_factory.mktemp("pages")

    @cache
    def write(count: int, troubled: bool) -> Path:
        path = folder / f"{count}-{'troubled' if troubled else 'well'}.html"
        path.write_text(page(gathered(count, troubled=troubled)), encoding="utf-8")
        return path

    return write
