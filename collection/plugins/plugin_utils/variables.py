# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The variables of a host, for filters that take them from `hostvars`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jinja2.exceptions import UndefinedError


def value_of(variables: Mapping[str, Any], name: str) -> Any:
    """Return a variable, or None if it is undefined or its template needs missing facts."""
    try:
        return variables.get(name)
    except UndefinedError:
        return None
