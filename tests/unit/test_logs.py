# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

PACKAGE_PARENT = Path(__file__).parents[2] / "collection/plugins/module_utils"
PROGRAM = """
import logging, os, sys
from weft.system import logs
if sys.argv[1] == "journal":
    status = os.fstat(2)
    os.environ["JOURNAL_STREAM"] = f"{status.st_dev}:{status.st_ino}"
logs.configure(verbose=sys.argv[2] == "verbose")
log = logging.getLogger("x")
log.debug("detail"); log.info("news"); log.warning("two\\nlines"); log.critical("end")
try:
    raise ValueError("bad")
except ValueError:
    log.exception("failed")
"""


def lines(stream: str, verbosity: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, stream, verbosity],
        capture_output=True,
        check=True,
        # A variable inherited from a parent that wrote to another stream.
        env={**os.environ, "PYTHONPATH": str(PACKAGE_PARENT), "JOURNAL_STREAM": "1:1"},
        text=True,
    )
    return done.stderr.splitlines()


def test_journal_lines_carry_their_priority() -> None:
    got = lines("journal", "verbose")
    assert got[:4] == ["<7>detail", "<6>news", "<4>two | lines", "<2>end"]
    assert len(got) == 5
    assert got[4].startswith("<3>failed | Traceback")
    assert got[4].endswith("ValueError: bad")


def test_other_lines_carry_the_time_and_the_level() -> None:
    got = lines("terminal", "quiet")
    assert [line.split(maxsplit=2)[2] for line in got[:3]] == [
        "INFO news",
        "WARNING two | lines",
        "CRITICAL end",
    ]
