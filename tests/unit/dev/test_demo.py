# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What `make demo` makes of its second run, with a lab and a play that do nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

DEMO = Path(__file__).parents[3] / "dev/demo"

QUIET = "weft1    : ok=60   changed=0    unreachable=0    failed=0    skipped=6"
BUSY = "weft2    : ok=45   changed=10   unreachable=0    failed=0    skipped=2"

# Succeeds the first time, then prints the recap and ends as told.
PLAYBOOK = """#!/bin/sh
echo "asked: $*"
if [ ! -e ran ]; then touch ran; exit 0; fi
cat recap
exit "$(cat status)"
"""


@pytest.mark.parametrize("backend", [None, "vxlan"])
def test_both_runs_are_by_the_backend_that_is_asked_for(
    tmp_path: Path, backend: str | None
) -> None:
    done = demonstrate(tmp_path, QUIET, 0, {"BACKEND": backend} if backend else {})
    asked = f'"overlay_backend": {{"type": "{backend or "udp"}"}}'
    assert done.stdout.count(asked) == 2


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
    done = demonstrate(tmp_path, recap, status, {})
    assert (done.returncode == 0) is passes, done.stdout + done.stderr
    assert ("the fleet is up" in done.stdout) is passes


def demonstrate(
    tmp_path: Path, recap: str, status: int, environment: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run the demo with a play that does nothing and tells what it was asked."""
    playbook = tmp_path / ".venv/bin/ansible-playbook"
    playbook.parent.mkdir(parents=True)
    playbook.write_text(PLAYBOOK)
    playbook.chmod(0o755)
    (tmp_path / "lab.py").touch()
    (tmp_path / "recap").write_text(f"{recap}\n")
    (tmp_path / "status").write_text(str(status))
    (tmp_path / "dev").mkdir()
    demo = shutil.copy(DEMO, tmp_path / "dev")
    others = {name: value for name, value in os.environ.items() if name != "BACKEND"}
    return subprocess.run(
        [demo], capture_output=True, text=True, check=False, env={**others, **environment}
    )
