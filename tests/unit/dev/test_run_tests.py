# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The runner of `make test`: a suite that failed or ran no test does not pass."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from dev.run_tests import Suite, count_passed
from tests.waiting import eventually

_RUN = """
import sys
from dev.run_tests import Suite, main
sys.exit(main((({suites}),)))
"""


@pytest.mark.parametrize(
    ("output", "passed"),
    [
        ("1258 passed in 49.51s", 1258),
        ("3 failed, 111 passed, 1 skipped in 2.0s", 111),
        ("sanity: 24 tests passed", 24),
        ("2 passed\nthen 5 passed", 5),
        ("no tests ran in 0.01s", 0),
    ],
)
def test_the_last_count_is_returned(output: str, passed: int) -> None:
    assert count_passed(output) == passed


def run(folder: Path, *suites: Suite) -> subprocess.Popen[str]:
    code = _RUN.format(suites="".join(f"{suite!r}, " for suite in suites))
    return subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])},
        stdout=subprocess.PIPE,
        text=True,
    )


def prints(name: str, text: str, status: int = 0) -> Suite:
    return Suite(name, ("sh", "-c", f"echo '{text}'; exit {status}"))


def test_all_layers_run_and_are_counted(tmp_path: Path) -> None:
    done = run(tmp_path, prints("one", "3 passed"), prints("two", "4 tests passed"))
    output, _ = done.communicate(timeout=30)
    assert done.returncode == 0
    assert output.splitlines()[-1] == "7 passed, 0 failed"
    assert "one 3 (" in output
    assert "two 4 (" in output


@pytest.mark.parametrize("bad", [prints("bad", "3 passed", 1), prints("bad", "nothing ran")])
def test_a_suite_that_fails_or_runs_no_test_fails_the_run_alone(tmp_path: Path, bad: Suite) -> None:
    done = run(tmp_path, bad, prints("after", "2 passed"), prints("beside", "5 passed"))
    output, _ = done.communicate(timeout=30)
    assert done.returncode == 1
    assert "bad FAILED" in output
    assert "after 2 (" in output
    assert "beside 5 (" in output
    assert output.splitlines()[-1].endswith("1 failed")
    assert output.rindex(bad.command[2].split("'")[1]) > output.index("the end of bad")


def test_a_waiting_suite_starts_when_one_of_two_ends(tmp_path: Path) -> None:
    # The slow suite ends only after the third one has run.
    slow = Suite("slow", ("sh", "-c", "while ! [ -e third ]; do sleep 0.05; done; echo 1 passed"))
    third = Suite("third", ("sh", "-c", "touch third; echo 1 passed"))
    done = run(tmp_path, slow, prints("second", "1 passed"), third)
    output, _ = done.communicate(timeout=30)
    assert done.returncode == 0, output
    assert output.splitlines()[-1] == "3 passed, 0 failed"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_after_a_signal_running_suites_clean_up_and_no_other_starts(
    tmp_path: Path, number: signal.Signals
) -> None:
    program = "trap 'touch cleaned; exit 1' INT TERM; touch up; while :; do sleep 0.1; done"
    cleans = Suite("cleans", ("bash", "-c", program))
    beside = Suite(
        "beside", ("bash", "-c", program.replace("cleaned", "cleaned2").replace("up", "up2"))
    )
    running = run(tmp_path, cleans, beside, prints("after", "1 passed"))
    for name in ("up", "up2"):
        eventually((tmp_path / name).exists, "the suite runs", 20)
    running.send_signal(number)
    output, _ = running.communicate(timeout=30)
    assert running.returncode == 130
    assert (tmp_path / "cleaned").exists()
    assert (tmp_path / "cleaned2").exists()
    assert "after" not in output
