# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A check of `weftctl doctor` and its result."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from .facts import HostFacts


class Severity(StrEnum):
    """How severe a finding is; a fault drops packets of the overlay, or will."""

    OK = "ok"
    WARNING = "warning"
    UNKNOWN = "unknown"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class CheckProblem:
    """A problem, and the command or setting that fixes it."""

    text: str
    fix: str
    severity: Severity = Severity.FAULT


@dataclass(frozen=True, slots=True)
class Check:
    """One check; `expected` describes a host without a problem.

    `find_problems` runs only if the facts named in `requires` could be read.
    """

    name: str
    expected: str
    requires: tuple[str, ...]
    find_problems: Callable[[HostFacts], list[CheckProblem]]


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of a check: one for each problem, or a single one without a problem."""

    check: str
    severity: Severity
    text: str
    fix: str | None = None
