# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the daemon's processes run what is installed: release, unit and settings. No I/O.

What a process runs is read from the process itself, so that the answer does not depend on who
changed the files, when, and whether that run came to its end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePath

from .layout import ARCHIVE_NAME

UNIT_MARK = "WEFT_UNIT"
"""The variable by which a process tells the digest of the unit that started it."""

_MARK_LINE = re.compile(rf"^Environment={UNIT_MARK}=(\S+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Sources:
    """What a process runs, or is to run; None where that is not known or does not matter.

    settings is when the settings were written, in nanoseconds of the epoch: compared for equality,
    it tells two writes apart whatever the clock does.
    """

    release: str | None
    python: str | None
    unit: str | None
    settings: int | None = None


def release_in(command_line: str) -> tuple[str | None, str | None]:
    """The interpreter and the release in a process's command line (proc(5), NUL between words)."""
    words = command_line.split("\0")
    archives = [PurePath(word) for word in words if PurePath(word).name == ARCHIVE_NAME]
    return words[0] or None, archives[0].parent.name if archives else None


def unit_in_environment(environment: str) -> str | None:
    """The digest of the unit in a process's environment (proc(5), NUL between entries)."""
    entries = dict(entry.partition("=")[::2] for entry in environment.split("\0"))
    return entries.get(UNIT_MARK)


def unit_in_file(text: str) -> str | None:
    """The digest that a unit's text gives to the processes that it starts."""
    found = _MARK_LINE.findall(text)
    return found[-1] if found else None


def differences(runs: Sources, installed: Sources) -> Iterator[str]:
    """What of a process is not as installed, one clause each."""
    if runs.release != installed.release:
        yield f"runs release {runs.release or 'unknown'}, {installed.release or 'none'} is current"
    if runs.python != installed.python:
        yield f"is run by {runs.python or 'unknown'}, not by {installed.python}"
    if runs.unit != installed.unit:
        yield "was started by another text of its unit"
    if runs.settings != installed.settings:
        yield "has read other settings than are written"
