# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Times as an operator reads them."""

from __future__ import annotations

import datetime


def age_text(seconds: float) -> str:
    """A length of time in the unit that reads best, such as `3 h`."""
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{max(0.0, seconds):.0f} s"


def end_text(end: float, now: float) -> str:
    """When something ends or has ended, and how far that is; both in seconds of the epoch."""
    moment = datetime.datetime.fromtimestamp(end, datetime.UTC)
    when = f"at {moment:%Y-%m-%d %H:%M:%S} UTC"
    left = end - now
    return f"ends {when}, in {age_text(left)}" if left > 0 else f"ended {when}"


def heard_text(last_heard: float | None, now: float) -> str:
    """How long ago a peer was heard; both in seconds of the epoch."""
    return f"{age_text(now - last_heard)} ago" if last_heard else "never"
