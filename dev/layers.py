# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What `make test` runs: all layers, each to its end; the last line counts what passed.

Layers of one stage share the machine in lanes. What a layer says is shown when it has ended, or at
once where it has the machine to itself. A layer that counts nothing as passed has failed.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

_PASSED = re.compile(r"(\d+) (?:[a-z]+ )?passed")
_PYTEST = (".venv/bin/pytest", "-q")


@dataclass(frozen=True, slots=True)
class Layer:
    """One command, and the name by which the log and the summary call it."""

    name: str
    command: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a layer ended: its exit status, and how many it says passed."""

    name: str
    status: int
    passed: int
    seconds: int

    @property
    def failed(self) -> bool:
        """Whether it failed, or passed nothing."""
        return self.status != 0 or self.passed == 0

    def __str__(self) -> str:
        return f"{self.name} {'FAILED' if self.failed else self.passed} ({self.seconds} s)"


Lane = tuple[Layer, ...]
Stage = tuple[Lane, ...]

STAGES: tuple[Stage, ...] = (
    (
        (
            Layer("unit", (*_PYTEST, "tests/unit")),
            Layer("store", (*_PYTEST, "tests/store", "tests/modules", "tests/programs")),
            Layer("lint", ("dev/lint",)),
            Layer("docs", (*_PYTEST, "tests/docs")),
            Layer("examine", ("dev/examine", "--skip", "lint")),
        ),
        (
            Layer("kernel", (*_PYTEST, "tests/kernel")),
            Layer("report", (*_PYTEST, "tests/report", "tests/browser")),
        ),
    ),
    ((Layer("lab", (*_PYTEST, "tests/lab", "tests/bench")),),),
    (
        (Layer("fleet", ("dev/fleet",)),),
        (Layer("journeys", (*_PYTEST, "tests/fleet", "-m", "not long")),),
    ),
    # Alone, since it counts the packets that a fault costs.
    ((Layer("faults", (*_PYTEST, "tests/faults", "-m", "quick")),),),
)


def count_passed(said: str) -> int:
    """Return the last count that a layer gives as passed, 0 without one."""
    counts = _PASSED.findall(said)
    return int(counts[-1]) if counts else 0


class Run:
    """One run of all stages; a signal is handed to what runs, which then cleans up and ends."""

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._running: set[subprocess.Popen[str]] = set()
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self.outcomes: list[Outcome] = []

    def stop(self, number: int, _frame: FrameType | None) -> None:
        """Hand the signal to all that runs, and start nothing more."""
        self._stopped.set()
        for process in tuple(self._running):
            os.killpg(process.pid, number)

    @property
    def stopped(self) -> bool:
        """Whether a signal cut the run off."""
        return self._stopped.is_set()

    def stage(self, lanes: Stage) -> None:
        """Run all lanes beside each other, to their ends."""
        threads = [
            threading.Thread(target=self._lane, args=(lane, len(lanes) == 1)) for lane in lanes
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _lane(self, lane: Lane, alone: bool) -> None:
        for layer in lane:
            if not self.stopped:
                self._layer(layer, alone)

    def _layer(self, layer: Layer, alone: bool) -> None:
        started = time.monotonic()
        title = f"== {layer.name}: {' '.join(layer.command)}\n"
        if alone:
            _say(title)
        log = self._logs / f"{layer.name}.log"
        # A group of its own: a signal reaches it once, by way of stop.
        process = subprocess.Popen(
            layer.command,
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
                    _say(line)
        status = process.wait()
        self._running.discard(process)
        said = log.read_text()
        with self._lock:
            if not alone:
                _say(title + said)
            self.outcomes.append(
                Outcome(layer.name, status, count_passed(said), int(time.monotonic() - started))
            )


def _say(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def main(stages: Sequence[Stage] = STAGES) -> int:
    """Run all stages in the checkout; return 0 when every layer passed, 130 when cut off."""
    logs = Path(".cache/test")
    logs.mkdir(parents=True, exist_ok=True)
    run = Run(logs)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, run.stop)
    started = time.monotonic()
    for stage in stages:
        run.stage(stage)
    failed = sum(outcome.failed for outcome in run.outcomes)
    layers = ", ".join(map(str, run.outcomes))
    _say(f"\nlayers: {layers}, in {int(time.monotonic() - started)} s\n")
    _say(f"{sum(outcome.passed for outcome in run.outcomes)} passed, {failed} failed\n")
    if run.stopped:
        return 130
    return 1 if failed else 0


if __name__ == "__main__":
    os.chdir(Path(__file__).parent.parent)
    raise SystemExit(main())
