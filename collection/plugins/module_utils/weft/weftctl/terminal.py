# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What weftctl prints: text, with colours on a terminal.

Plain ANSI codes of ECMA-48: a library for four colours would have to be installed on every host.
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
    """The SGR code of a colour, by its use."""

    NONE = ""
    GOOD = "\x1b[32m"
    WARNING = "\x1b[33m"
    BAD = "\x1b[31m"


@dataclass(frozen=True, slots=True)
class Colouriser:
    """Colours text if `enabled`, else returns it unchanged."""

    enabled: bool = False

    def __call__(self, text: str, colour: Colour) -> str:
        """Return the text in a colour."""
        return f"{colour}{text}{_RESET}" if self.enabled and colour and text else text


def colouriser_for(stream: TextIO, environment: Mapping[str, str]) -> Colouriser:
    """Return colours for a terminal, unless NO_COLOR (no-color.org) or TERM=dumb disables them."""
    disabled = environment.get("NO_COLOR") or environment.get("TERM") == "dumb"
    return Colouriser(not disabled and stream.isatty())


@dataclass(frozen=True, slots=True)
class Terminal:
    """Prints to standard output and standard error."""

    colour: Colouriser = Colouriser()

    def print(self, text: str) -> None:
        """Print text to standard output."""
        sys.stdout.write(f"{text.rstrip()}\n")

    def print_json(self, document: Any) -> None:
        """Print a document as JSON to standard output."""
        self.print(json.dumps(document, indent=1))

    def warn(self, text: str) -> None:
        """Print a warning to standard error."""
        sys.stderr.write(f"weftctl: {text}\n")


def process_terminal() -> Terminal:
    """Return the terminal for the standard output of this process."""
    return Terminal(colouriser_for(sys.stdout, os.environ))
