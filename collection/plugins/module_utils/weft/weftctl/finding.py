# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a check found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from .facts import HostFacts


class Severity(StrEnum):
    """How bad it is; a fault keeps packets from crossing, or will."""

    OK = "ok"
    WARNING = "warning"
    UNKNOWN = "unknown"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Flaw:
    """Something wrong: what it is, and the command that mends it."""

    text: str
    mend: str
    severity: Severity = Severity.FAULT


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that the doctor looks at.

    examine is asked only where the facts in needs could be read. suspects tells what it looks for.
    """

    name: str
    suspects: str
    needs: tuple[str, ...]
    examine: Callable[[HostFacts], list[Flaw]]


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of a check: one for each of its flaws, or one that says that there is none."""

    check: str
    severity: Severity
    text: str
    mend: str | None = None
