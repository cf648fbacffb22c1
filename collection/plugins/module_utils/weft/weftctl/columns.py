# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text in columns."""

from __future__ import annotations

import re
from collections.abc import Sequence

# What `screen.Paint` adds takes no room.
_COLOUR = re.compile(r"\x1b\[[0-9]*m")


def render_columns(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table with one line a row, each column as wide as its widest cell."""
    lines = [header, *rows]
    widths = [max(_width(line[column]) for line in lines) for column in range(len(header))]
    return "".join(
        "  ".join(
            cell + " " * (width - _width(cell)) for cell, width in zip(line, widths, strict=True)
        ).rstrip()
        + "\n"
        for line in lines
    )


def _width(cell: str) -> int:
    return len(_COLOUR.sub("", cell))
