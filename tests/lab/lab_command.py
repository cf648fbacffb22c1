# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab as its user sees it: a command, and what it leaves on the machine."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

ROOT = Path(__file__).resolve().parents[2]
PYTHON = "/usr/bin/python3"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a lab command ended."""

    code: int
    stdout: str
    stderr: str

    def ok(self) -> Self:
        """Return itself if the command succeeded; fail the test otherwise."""
        assert self.code == 0, self.stderr or self.stdout
        return self


@dataclass(frozen=True, slots=True)
class LabCommand:
    """The lab program, bound to a lab's name, and to other programs in front of PATH."""

    name: str
    programs: Path | None = None

    def __call__(self, *words: str, timeout: float = 100) -> Outcome:
        """Run one command of the lab to its end."""
        process = self.begin(*words)
        stdout, stderr = process.communicate(timeout=timeout)
        return Outcome(process.returncode, stdout, stderr)

    def begin(self, *words: str) -> subprocess.Popen[str]:
        """Start one command of the lab."""
        path = (
            os.environ["PATH"] if self.programs is None else f"{self.programs}:{os.environ['PATH']}"
        )
        return subprocess.Popen(
            # A background shell ignores SIGINT, and its children inherit that.
            ["env", "--default-signal=INT", PYTHON, "-m", "lab", *words],
            cwd=ROOT,
            env={**os.environ, "WEFT_LAB_NAME": self.name, "PATH": path},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def on(self, host: int, line: str, timeout: float = 60) -> Outcome:
        """Run a line of shell on the host of this number."""
        return self("exec", f"{self.name}{host}", "--", line, timeout=timeout)

    def traces(self) -> list[str]:
        """List all that the lab has on the machine, by walking the machine."""
        roots = [
            Path("/sys/class/net"),
            Path("/run/netns"),
            Path("/run/weft-lab"),
            Path("/var/lib/weft-lab"),
            *(Path(root) for root in _control_groups()),
        ]
        entries = [entry for root in roots if root.is_dir() for entry in root.iterdir()]
        found = [str(entry) for entry in entries if self.name in entry.name]
        found += [
            line for line in Path("/proc/mounts").read_text().splitlines() if self._owns(line)
        ]
        for process in Path("/proc").iterdir():
            if not process.name.isdigit():
                continue
            try:
                words = (process / "cmdline").read_bytes().decode(errors="replace").split("\0")
            except (FileNotFoundError, ProcessLookupError):
                continue
            if any(self._owns(word) for word in words):
                found.append(" ".join(words))
        return found

    def _owns(self, text: str) -> bool:
        return f"{self.name}" in text and "pytest" not in text


def interrupted(
    process: subprocess.Popen[str], number: signal.Signals, when: Callable[[], bool]
) -> Outcome:
    """Send a signal to a lab command once a condition holds, and await its end."""
    deadline = time.monotonic() + 60
    while not when():
        assert process.poll() is None, f"ended before the signal: {process.communicate()}"
        assert time.monotonic() < deadline, "the moment for the signal never came"
        time.sleep(0.005)
    process.send_signal(number)
    stdout, stderr = process.communicate(timeout=60)
    return Outcome(process.returncode, stdout, stderr)


def _control_groups() -> list[str]:
    mounts = [line.split() for line in Path("/proc/mounts").read_text().splitlines()]
    return [f"{mount[1]}/weft-lab" for mount in mounts if mount[2] == "cgroup2"]
