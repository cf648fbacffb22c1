# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The drawings of the documentation."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from dev.drawing import Drawing, Kind
from dev.drawings import DRAWINGS, FOLDER

_SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("name", DRAWINGS)
def test_what_is_committed_is_what_the_program_draws(name: str) -> None:
    committed = (FOLDER / f"{name}.svg").read_text(encoding="utf-8")
    assert committed == DRAWINGS[name]().svg(), "run python -m dev.drawings"


def test_no_drawing_is_left_over() -> None:
    assert {path.stem for path in FOLDER.iterdir()} == set(DRAWINGS)


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_screen_reader_has_something_to_say(name: str) -> None:
    root = ElementTree.fromstring(DRAWINGS[name]().svg())
    assert root.get("role") == "img"
    for tag in ("title", "desc"):
        words = root.find(f"{_SVG}{tag}")
        assert words is not None
        assert words.text


@pytest.mark.parametrize("name", DRAWINGS)
def test_every_colour_has_one_for_the_dark(name: str) -> None:
    style = DRAWINGS[name]().svg().partition("<style>")[2].partition("</style>")[0]
    light, _, dark = style.partition("@media (prefers-color-scheme:dark)")
    colours = [part.partition(":")[0] for part in light.split("svg{")[1].split("--")[1:]]
    assert len(colours) > 5
    assert [colour for colour in colours if f"--{colour}:" not in dark] == []


def test_words_that_do_not_fit_are_an_error() -> None:
    drawing = Drawing(200, 100, "title", "description")
    drawing.box(0, 0, 100, "fits", kind=Kind.PLAIN)
    with pytest.raises(ValueError, match="does not fit into a box of 100"):
        drawing.box(0, 0, 100, "much too long for it", kind=Kind.PLAIN)


def test_a_box_outside_of_the_drawing_is_an_error() -> None:
    with pytest.raises(ValueError, match="does not fit into the drawing"):
        Drawing(100, 100, "title", "description").box(50, 0, 100, "x", kind=Kind.PLAIN)


def test_text_is_escaped() -> None:
    drawing = Drawing(200, 100, "a < b", "c & d")
    drawing.words(0, 20, "<b>")
    ElementTree.fromstring(drawing.svg())
    assert "&lt;b&gt;" in drawing.svg()
