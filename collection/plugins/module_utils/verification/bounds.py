# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bounds of the modules' numeric options."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def check_bounds(options: Mapping[str, Any], bounds: Mapping[str, tuple[int, int]]) -> None:
    """Raise ValueError if an option is less than its lower or more than its upper bound."""
    for option, (least, most) in bounds.items():
        if not least <= options[option] <= most:
            raise ValueError(f"{option} is {options[option]}: it must be from {least} to {most}")
