# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import io
import os

import pytest

from ansible_collections.weft.overlay.plugins.module_utils.weft.weftctl.columns import (
    render_columns,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.weftctl.screen import (
    Colour,
    Paint,
    paint_for,
)


def test_only_a_terminal_gets_colours_and_only_where_they_are_wanted() -> None:
    master, slave = os.openpty()
    with open(slave, "w") as terminal:  # noqa: PTH123 - a descriptor
        assert paint_for(terminal, {"TERM": "xterm"}) == Paint(True)
        assert paint_for(terminal, {"NO_COLOR": "1"}) == Paint(False)
        # no-color.org: an empty variable does not count.
        assert paint_for(terminal, {"NO_COLOR": ""}) == Paint(True)
        assert paint_for(terminal, {"TERM": "dumb"}) == Paint(False)
    os.close(master)
    assert paint_for(io.StringIO(), {}) == Paint(False)


@pytest.mark.parametrize(
    ("paint", "colour", "text", "shown"),
    [
        (Paint(), Colour.BAD, "down", "down"),
        (Paint(True), Colour.BAD, "down", "\x1b[31mdown\x1b[0m"),
        (Paint(True), Colour.PLAIN, "down", "down"),
        (Paint(True), Colour.GOOD, "", ""),
    ],
)
def test_text_is_painted(paint: Paint, colour: Colour, text: str, shown: str) -> None:
    assert paint(text, colour) == shown


def test_colours_take_no_room_in_columns() -> None:
    painted = Paint(True)("ok", Colour.GOOD)
    table = render_columns(("A", "B"), [(painted, "x"), ("fault", "y")])
    assert table.replace(painted, "ok") == "A      B\nok     x\nfault  y\n"
