# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What weftctl prints: text, with a few colours where a person reads it.

Plain ANSI, the eight oldest codes: the daemon comes to a host as one archive beside the standard
library, and a library for four colours would be one more thing to carry there.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TextIO

_RESET = "\x1b[0m"


class Colour(StrEnum):
    """ECMA-48, SGR: what a colour is for, by its code."""

    PLAIN = ""
    GOOD = "\x1b[32m"
    DOUBTFUL = "\x1b[33m"
    BAD = "\x1b[31m"
    FAINT = "\x1b[2m"


@dataclass(frozen=True, slots=True)
class Paint:
    """Colours text, or leaves it as it is."""

    coloured: bool = False

    def __call__(self, text: str, colour: Colour) -> str:
        """The text in a colour."""
        return f"{colour}{text}{_RESET}" if self.coloured and colour and text else text


def paint_for(stream: TextIO, environment: Mapping[str, str]) -> Paint:
    """Colours for a terminal, unless NO_COLOR (no-color.org) or a dumb TERM says none."""
    unwanted = environment.get("NO_COLOR") or environment.get("TERM") == "dumb"
    return Paint(not unwanted and stream.isatty())


@dataclass(frozen=True, slots=True)
class Screen:
    """Where a command prints."""

    paint: Paint = Paint()

    def say(self, text: str) -> None:
        """Print an answer."""
        sys.stdout.write(f"{text.rstrip()}\n")

    def say_json(self, document: Any) -> None:
        """Print an answer for programs."""
        self.say(json.dumps(document, indent=1))

    def complain(self, text: str) -> None:
        """Print what kept the command from its best answer."""
        sys.stderr.write(f"weftctl: {text}\n")


def screen_of_this_process() -> Screen:
    """The screen for standard output as it is."""
    return Screen(paint_for(sys.stdout, os.environ))
