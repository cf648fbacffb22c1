# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run all test suites for `make test`, in stages; the last line counts the passed tests.

Two suites of a stage run at the same time; when one ends, the next in order starts. The output of a
suite is shown when it ends, or at once if it is the only one of its stage. A suite that reports no
passed test has failed; the end of its output is repeated before the summary.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

_PASSED = re.compile(r"(\d+) (?:[a-z]+ )?passed")
_PYTEST = (".venv/bin/pytest", "-q")


@dataclass(frozen=True, slots=True)
class Suite:
    """A command, and its name in the log and the summary."""

    name: str
    command: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """The exit status of a suite, how many tests it reports as passed, and its duration."""

    name: str
    status: int
    passed: int
    seconds: int

    @property
    def failed(self) -> bool:
        """Whether the command failed, or no test passed."""
        return self.status != 0 or self.passed == 0

    def __str__(self) -> str:
        return f"{self.name} {'FAILED' if self.failed else self.passed} ({self.seconds} s)"


Stage = tuple[Suite, ...]

# As many as the cores of the smallest machine that runs them.
_AT_ONCE = 2
_REPEATED_LINES = 60

STAGES: tuple[Stage, ...] = (
    # The fast tests first, then the longest suites, so that both cores are busy to the end.
    (
        Suite("unit", (*_PYTEST, "tests/unit")),
        Suite("kernel", (*_PYTEST, "tests/kernel")),
        Suite("store", (*_PYTEST, "tests/store", "tests/modules", "tests/programs")),
        Suite("examine", ("dev/examine", "--skip", "lint")),
        Suite("lint", ("dev/lint",)),
        Suite("docs", (*_PYTEST, "tests/docs")),
        Suite("report", (*_PYTEST, "tests/report", "tests/browser")),
    ),
    (Suite("lab", (*_PYTEST, "tests/lab", "tests/bench")),),
    (
        Suite("fleet", ("dev/fleet",)),
        Suite("journeys", (*_PYTEST, "tests/fleet", "-m", "not long")),
    ),
    # In a stage of its own, since it counts the packets that a fault loses.
    (Suite("faults", (*_PYTEST, "tests/faults", "-m", "quick")),),
)


def count_passed(output: str) -> int:
    """Return the last count of passed tests in an output, 0 if there is none."""
    counts = _PASSED.findall(output)
    return int(counts[-1]) if counts else 0


class Run:
    """A run of all stages; a signal is passed on to the running suites, which clean up and end."""

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._running: set[subprocess.Popen[str]] = set()
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self.outcomes: list[Outcome] = []

    def stop(self, number: int, _frame: FrameType | None) -> None:
        """Send the signal to the running suites, and start no other."""
        self._stopped.set()
        for process in tuple(self._running):
            os.killpg(process.pid, number)

    @property
    def stopped(self) -> bool:
        """Whether a signal ended the run early."""
        return self._stopped.is_set()

    def stage(self, suites: Stage) -> None:
        """Run all suites, two at the same time, and wait for them."""
        waiting = deque(suites)
        threads = [
            threading.Thread(target=self._run_waiting, args=(waiting, len(suites) == 1))
            for _ in range(_AT_ONCE)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _run_waiting(self, waiting: deque[Suite], alone: bool) -> None:
        while not self.stopped:
            try:
                suite = waiting.popleft()
            except IndexError:
                return
            self._suite(suite, alone)

    def _suite(self, suite: Suite, alone: bool) -> None:
        started = time.monotonic()
        title = f"== {suite.name}: {' '.join(suite.command)}\n"
        if alone:
            _print(title)
        log = self._logs / f"{suite.name}.log"
        # In a process group of its own, so that it receives a signal once, from stop().
        process = subprocess.Popen(
            suite.command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
        )
        self._running.add(process)
        if self.stopped:
            os.killpg(process.pid, signal.SIGTERM)
        assert process.stdout is not None
        with log.open("w") as copy:
            for line in process.stdout:
                copy.write(line)
                if alone:
                    _print(line)
        status = process.wait()
        self._running.discard(process)
        output = log.read_text()
        with self._lock:
            if not alone:
                _print(title + output)
            self.outcomes.append(
                Outcome(suite.name, status, count_passed(output), int(time.monotonic() - started))
            )


def last_lines(log: Path, count: int = _REPEATED_LINES) -> str:
    """Return the last lines of a suite's log, each with its newline."""
    return "".join(f"{line}\n" for line in log.read_text().splitlines()[-count:])


def _print(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def main(stages: Sequence[Stage] = STAGES) -> int:
    """Run all stages; return 0 if every suite passed, 130 if a signal ended the run."""
    logs = Path(".cache/test")
    logs.mkdir(parents=True, exist_ok=True)
    run = Run(logs)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, run.stop)
    started = time.monotonic()
    for stage in stages:
        run.stage(stage)
    failed = [outcome.name for outcome in run.outcomes if outcome.failed]
    for name in failed:
        _print(f"\n== the end of {name}, which failed:\n{last_lines(logs / f'{name}.log')}")
    suites = ", ".join(map(str, run.outcomes))
    _print(f"\nlayers: {suites}, in {int(time.monotonic() - started)} s\n")
    _print(f"{sum(outcome.passed for outcome in run.outcomes)} passed, {len(failed)} failed\n")
    if run.stopped:
        return 130
    return 1 if failed else 0


if __name__ == "__main__":
    os.chdir(Path(__file__).parent.parent)
    raise SystemExit(main())
