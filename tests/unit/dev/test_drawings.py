# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The committed drawings of the documentation are up to date."""

from __future__ import annotations

import pytest

from dev.drawings import DRAWINGS, FOLDER


@pytest.mark.parametrize("name", DRAWINGS)
def test_what_is_committed_is_what_the_program_draws(name: str) -> None:
    committed = (FOLDER / f"{name}.svg").read_text(encoding="utf-8")
    assert committed == DRAWINGS[name]().svg(), "run python -m dev.drawings"


def test_no_drawing_is_left_over() -> None:
    assert {path.stem for path in FOLDER.iterdir()} == set(DRAWINGS)
