# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every playbook is in the table of the collection's README."""

from __future__ import annotations

from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[3]
NAMES = sorted(path.stem for path in (REPOSITORY / "collection/playbooks").glob("*.yml"))


def test_the_playbooks_are_found() -> None:
    assert {"destroy", "remove_host", "site", "upgrade", "verify"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_the_collections_table_has_a_row(name: str) -> None:
    text = (REPOSITORY / "collection/README.md").read_text(encoding="utf-8")
    assert f"\n| `weft.overlay.{name}` | " in text
