# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What `make demo` makes of its second run, with a lab and a play that do nothing."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

DEMO = Path(__file__).parents[3] / "dev/demo"

QUIET = "weft1    : ok=60   changed=0    unreachable=0    failed=0    skipped=6"
BUSY = "weft2    : ok=45   changed=10   unreachable=0    failed=0    skipped=2"

# Succeeds the first time, then prints the recap and ends as told.
PLAYBOOK = """#!/bin/sh
if [ ! -e ran ]; then touch ran; exit 0; fi
cat recap
exit "$(cat status)"
"""


@pytest.mark.parametrize(
    ("recap", "status", "passes"),
    [
        (QUIET, 0, True),
        (f"{QUIET}\n{BUSY}", 0, False),
        (QUIET, 2, False),
        ("ERROR! the role was not found", 4, False),
        ("", 0, False),
    ],
)
def test_only_a_second_run_that_ran_and_changed_nothing_passes(
    tmp_path: Path, recap: str, status: int, passes: bool
) -> None:
    playbook = tmp_path / ".venv/bin/ansible-playbook"
    playbook.parent.mkdir(parents=True)
    playbook.write_text(PLAYBOOK)
    playbook.chmod(0o755)
    (tmp_path / "lab.py").touch()
    (tmp_path / "recap").write_text(f"{recap}\n")
    (tmp_path / "status").write_text(str(status))
    (tmp_path / "dev").mkdir()
    demo = shutil.copy(DEMO, tmp_path / "dev")
    done = subprocess.run([demo], capture_output=True, text=True, check=False)
    assert (done.returncode == 0) is passes, done.stdout + done.stderr
    assert ("the fleet is up" in done.stdout) is passes
