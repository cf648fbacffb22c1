# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import io
import os

import pytest

from ansible_collections.weft.overlay.plugins.module_utils.weft.weftctl.formatting import (
    format_table,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.weftctl.terminal import (
    Colour,
    Colouriser,
    colouriser_for,
)


def test_only_a_terminal_gets_colours_and_only_where_they_are_wanted() -> None:
    master, slave = os.openpty()
    with open(slave, "w") as terminal:  # noqa: PTH123 - a descriptor
        assert colouriser_for(terminal, {"TERM": "xterm"}) == Colouriser(True)
        assert colouriser_for(terminal, {"NO_COLOR": "1"}) == Colouriser(False)
        # no-color.org: an empty variable does not count.
        assert colouriser_for(terminal, {"NO_COLOR": ""}) == Colouriser(True)
        assert colouriser_for(terminal, {"TERM": "dumb"}) == Colouriser(False)
    os.close(master)
    assert colouriser_for(io.StringIO(), {}) == Colouriser(False)


@pytest.mark.parametrize(
    ("paint", "colour", "text", "shown"),
    [
        (Colouriser(), Colour.BAD, "down", "down"),
        (Colouriser(True), Colour.BAD, "down", "\x1b[31mdown\x1b[0m"),
        (Colouriser(True), Colour.NONE, "down", "down"),
        (Colouriser(True), Colour.GOOD, "", ""),
    ],
)
def test_text_is_painted(paint: Colouriser, colour: Colour, text: str, shown: str) -> None:
    assert paint(text, colour) == shown


def test_colours_take_no_room_in_columns() -> None:
    painted = Colouriser(True)("ok", Colour.GOOD)
    table = format_table(("A", "B"), [(painted, "x"), ("fault", "y")])
    assert table.replace(painted, "ok") == "A      B\nok     x\nfault  y\n"
