# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The releases of ansible-core that dev/sanity runs are those that the READMEs name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SANITY = (ROOT / "dev/sanity").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "collection/README.md"])
def test_a_page_names_the_newer_releases(page: str) -> None:
    pins = re.search(r'^newer_cores="(.*)"$', SANITY, re.MULTILINE)
    assert pins is not None
    releases = " and ".join(pin.rpartition(".")[0] for pin in pins[1].split())
    assert re.fullmatch(r"2\.\d+( and 2\.\d+)+", releases)
    text = (ROOT / page).read_text(encoding="utf-8")
    assert f"with {releases}" in text or f"ansible-core {releases}" in text
