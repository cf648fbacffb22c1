# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The order of releases."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from ansible_collections.weft.overlay.plugins.module_utils.release.layout import Releases
from ansible_collections.weft.overlay.plugins.module_utils.release.order import (
    COLLECTION_VERSION,
    downgrade_reason,
)

GALAXY = Path(__file__).parents[3] / "collection/galaxy.yml"


def test_the_version_is_the_collections() -> None:
    assert yaml.safe_load(GALAXY.read_text(encoding="utf-8"))["version"] == COLLECTION_VERSION


@pytest.mark.parametrize(
    ("bundled", "running", "older"),
    [
        ("1.0.0", "1.1.0", True),
        ("1.9.0", "1.10.0", True),
        ("1.1.0-rc1", "1.1.0", True),
        ("1.1.0", "1.0.0", False),
        ("2.0.0", "", False),
    ],
)
def test_a_lower_version_is_older(bundled: str, running: str, older: bool) -> None:
    versions = {"new": bundled} | ({"now": running} if running else {})
    reason = downgrade_reason(Releases(("now",), current="now"), "new", versions)
    assert bool(reason) is older
    assert not older or f"version {bundled}" in reason


def test_builds_of_one_version_are_ordered_by_their_installation() -> None:
    installed = Releases(("later", "earlier"), current="later")
    assert "later was installed after it" in downgrade_reason(installed, "earlier", {})
    rolled_back = Releases(("later", "earlier"), current="earlier")
    assert downgrade_reason(rolled_back, "later", {}) == ""
    assert downgrade_reason(installed, "unknown", {}) == ""
    assert downgrade_reason(Releases(), "first", {}) == ""
