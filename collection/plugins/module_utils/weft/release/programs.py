# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The programs of the zip application."""

from __future__ import annotations

import sys
from pathlib import PurePath

from ..cli import weftctl_main, weftd_main

PROGRAMS = {"weftd": weftd_main, "weftctl": weftctl_main}


def main() -> int:
    """Run the program that the command line names, and return its exit code.

    That is the name by which the application was called, or else its first argument.
    """
    if PurePath(sys.argv[0]).name not in PROGRAMS and sys.argv[1:2] and sys.argv[1] in PROGRAMS:
        del sys.argv[0]
    program = PROGRAMS.get(PurePath(sys.argv[0]).name)
    if program is None:
        sys.stderr.write(f"usage: {sys.argv[0]} {{{','.join(PROGRAMS)}}} ...\n")
        return 2
    return program()
