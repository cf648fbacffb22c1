# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What `make test` makes of its layers: nothing that failed or ran nothing passes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dev.layers import Layer, count_passed

_RUN = """
import sys
from dev.layers import Layer, main
sys.exit(main((({lanes}),)))
"""


@pytest.mark.parametrize(
    ("said", "passed"),
    [
        ("1258 passed in 49.51s", 1258),
        ("3 failed, 111 passed, 1 skipped in 2.0s", 111),
        ("sanity: 24 tests passed", 24),
        ("2 passed\nthen 5 passed", 5),
        ("no tests ran in 0.01s", 0),
    ],
)
def test_the_last_count_counts(said: str, passed: int) -> None:
    assert count_passed(said) == passed


def run(folder: Path, *lanes: tuple[Layer, ...]) -> subprocess.Popen[str]:
    code = _RUN.format(lanes="".join(f"{lane!r}, " for lane in lanes))
    return subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])},
        stdout=subprocess.PIPE,
        text=True,
    )


def says(name: str, text: str, status: int = 0) -> Layer:
    return Layer(name, ("sh", "-c", f"echo '{text}'; exit {status}"))


def test_all_layers_run_and_are_counted(tmp_path: Path) -> None:
    done = run(tmp_path, (says("one", "3 passed"), says("two", "4 tests passed")))
    said, _ = done.communicate(timeout=30)
    assert done.returncode == 0
    assert said.splitlines()[-1] == "7 passed, 0 failed"
    assert "one 3 (" in said
    assert "two 4 (" in said


@pytest.mark.parametrize("bad", [says("bad", "3 passed", 1), says("bad", "nothing ran")])
def test_a_layer_that_fails_or_runs_nothing_fails_the_run_not_the_others(
    tmp_path: Path, bad: Layer
) -> None:
    done = run(tmp_path, (bad, says("after", "2 passed")), (says("beside", "5 passed"),))
    said, _ = done.communicate(timeout=30)
    assert done.returncode == 1
    assert "bad FAILED" in said
    assert "after 2 (" in said
    assert "beside 5 (" in said
    assert said.splitlines()[-1].endswith("1 failed")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_lets_what_runs_clean_up_and_starts_nothing_more(
    tmp_path: Path, number: signal.Signals
) -> None:
    program = "trap 'touch cleaned; exit 1' INT TERM; touch up; while :; do sleep 0.1; done"
    cleans = Layer("cleans", ("bash", "-c", program))
    running = run(tmp_path, (cleans, says("after", "1 passed")))
    deadline = time.monotonic() + 20
    while not (tmp_path / "up").exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    running.send_signal(number)
    said, _ = running.communicate(timeout=30)
    assert running.returncode == 130
    assert (tmp_path / "cleaned").exists()
    assert "after" not in said
