# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares the daemon's processes with the installed release, unit and settings. No I/O.

The version of a process is read from the process itself, so that an interrupted play does not
affect the result.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePath

from .layout import ARCHIVE_NAME

UNIT_MARK = "WEFT_UNIT"
"""The environment variable with the digest of the unit that started a process."""

_MARK_LINE = re.compile(rf"^Environment={UNIT_MARK}=(\S+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class ProgramVersion:
    """The version of a process, or the installed one; None if unknown or not compared.

    settings is the modification time of the settings file in nanoseconds since the epoch. It is
    compared for equality only, so that a change of the clock does not matter.
    """

    release: str | None
    python: str | None
    unit: str | None
    settings: int | None = None


def release_in(command_line: str) -> tuple[str | None, str | None]:
    """Return interpreter and release of a command line (proc(5), words separated by NUL)."""
    words = command_line.split("\0")
    archives = [PurePath(word) for word in words if PurePath(word).name == ARCHIVE_NAME]
    return words[0] or None, archives[0].parent.name if archives else None


def unit_in_environment(environment: str) -> str | None:
    """Return the digest of the unit in an environment (proc(5), entries separated by NUL)."""
    entries = dict(entry.partition("=")[::2] for entry in environment.split("\0"))
    return entries.get(UNIT_MARK)


def unit_in_file(text: str) -> str | None:
    """Return the digest that a unit sets in the environment of its processes."""
    found = _MARK_LINE.findall(text)
    return found[-1] if found else None


def differences(running: ProgramVersion, installed: ProgramVersion) -> Iterator[str]:
    """Yield the differences of a process from the installed version."""
    if running.release != installed.release:
        release, current = running.release or "unknown", installed.release or "none"
        yield f"runs release {release}, {current} is current"
    if running.python != installed.python:
        yield f"uses the interpreter {running.python or 'unknown'}, not {installed.python}"
    if running.unit != installed.unit:
        yield "was started with an older version of its unit"
    if running.settings != installed.settings:
        yield "read an older version of the settings file"
