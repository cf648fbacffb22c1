# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The terminal's picture shows what a play has written, and nothing else."""

from __future__ import annotations

import pytest

from dev.pictures import PictureError, matrix_of

TASK = """TASK [weft.overlay.verify : Show the matrix] ****
from \\ to              weft1    weft2
weft1      100.96.1.2  -        ok 0.54
weft2      100.96.2.2  ok 0.56  -
\x1b[0;32mok: [weft1]\x1b[0m"""


def test_the_task_is_shown_as_it_was_written() -> None:
    said = f"PLAY [Verify] ****\n\nTASK [Probe] ****\nok: [weft1]\n\n{TASK}\n\nPLAY RECAP ****\n"
    assert matrix_of(said) == f"…\n{TASK}\n…"


def test_a_play_without_a_matrix_is_told_by_its_last_words() -> None:
    with pytest.raises(PictureError, match="no container starts"):
        matrix_of("TASK [Probe] ****\nfatal: [weft1]: FAILED! no container starts\n\n")
