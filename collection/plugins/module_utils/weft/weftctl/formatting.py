# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables, durations and points in time as text."""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence

# Escape sequences of `terminal.Colouriser` have no width.
_COLOUR = re.compile(r"\x1b\[[0-9]*m")


def format_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table with one line for each row, each column as wide as its widest cell."""
    lines = [header, *rows]
    widths = [max(_width(line[column]) for line in lines) for column in range(len(header))]
    return "".join(
        "  ".join(
            cell + " " * (width - _width(cell)) for cell, width in zip(line, widths, strict=True)
        ).rstrip()
        + "\n"
        for line in lines
    )


def format_duration(seconds: float) -> str:
    """Return a duration in the largest unit of which it has two or more, such as `3 h`."""
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{max(0.0, seconds):.0f} s"


def format_expiry(expiry: float, now: float) -> str:
    """Return when something expires or has expired; both in seconds since the epoch."""
    at = f"at {format_moment(expiry)}"
    left = expiry - now
    return f"expires {at}, in {format_duration(left)}" if left > 0 else f"expired {at}"


def format_moment(moment: float) -> str:
    """Return a time in seconds since the epoch as date and time of UTC."""
    return f"{datetime.datetime.fromtimestamp(moment, datetime.UTC):%Y-%m-%d %H:%M:%S} UTC"


def format_last_packet(time: float | None, now: float) -> str:
    """Return how long ago the last packet of a peer arrived; both in seconds since the epoch."""
    return f"{format_duration(now - time)} ago" if time else "never"


def _width(cell: str) -> int:
    return len(_COLOUR.sub("", cell))
