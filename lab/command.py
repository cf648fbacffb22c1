# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running other programs."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from lab.errors import LabError

# Programs behind this end with the lab's own process, even if that is killed.
BOUND = ("setpriv", "--pdeathsig", "KILL")


def run(*argv: str | Path, stdin: str | None = None) -> str:
    """Run a program and return its standard output.

    It has a session of its own: a Ctrl-C ends it by way of this process, which then clears away.

    Raises:
        LabError: the program is missing, or it failed; its last words are in the message.
    """
    try:
        done = subprocess.run(
            argv, input=stdin, capture_output=True, text=True, check=False, start_new_session=True
        )
    except FileNotFoundError as error:
        raise LabError(f"the program {argv[0]} is missing on this machine") from error
    if done.returncode != 0:
        raise LabError(f"{_quote(argv)}: {_last_words(done)}")
    return done.stdout


def succeeds(*argv: str | Path) -> bool:
    """Tell whether a program ends with exit code 0, whatever it prints."""
    return subprocess.run(argv, capture_output=True, check=False).returncode == 0


def _quote(argv: Sequence[str | Path]) -> str:
    return " ".join(str(word) for word in argv)


def _last_words(done: subprocess.CompletedProcess[str]) -> str:
    lines = (done.stderr.strip() or done.stdout.strip()).splitlines()
    return "; ".join(lines[-3:]) or f"exit code {done.returncode}"
