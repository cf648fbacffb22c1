# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs of ansible-playbook: to their end, or until a task with a tag `point_...` begins."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
ANSIBLE_PLAYBOOK = REPOSITORY / ".venv/bin/ansible-playbook"
# The collection of the checkout, and those that it depends on.
CHECKOUT = f"{REPOSITORY / '.collections'}:{REPOSITORY / '.venv/collections'}"

_RECAP = re.compile(r"^(\S+)\s+: (ok=.*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Run:
    """The output of a run, its exit status, and the numbers of its recap by host."""

    stdout: str
    stderr: str
    status: int
    recap: Mapping[str, Mapping[str, int]]

    @property
    def output(self) -> str:
        """All that it printed."""
        return self.stdout + self.stderr

    def changed(self) -> dict[str, int]:
        """Return how many tasks changed something on each host."""
        return {host: numbers["changed"] for host, numbers in self.recap.items()}


def play(
    collections: Path | str,
    folder: Path,
    *arguments: str | Path,
    environment: Mapping[str, str] | None = None,
    timeout: float = 1800,
) -> Run:
    """Run ansible-playbook in a folder, with the collections in a path, or several as in PATH."""
    done = subprocess.run(
        [ANSIBLE_PLAYBOOK, *arguments],
        cwd=folder,
        env={**_environment(collections), **(environment or {})},
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    recap = {
        host: {key: int(value) for key, value in re.findall(r"(\w+)=(\d+)", numbers)}
        for host, numbers in _RECAP.findall(done.stdout)
    }
    return Run(done.stdout, done.stderr, done.returncode, recap)


def play_until(point: str, collections: Path | str, folder: Path, *arguments: str | Path) -> str:
    """Kill ansible-playbook as the task with the tag `point_POINT` begins; return its output.

    Raises AssertionError where the play ends before.
    """
    running = subprocess.Popen(
        [ANSIBLE_PLAYBOOK, *arguments],
        cwd=folder,
        env={**_environment(collections), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    printed = ""
    try:
        assert running.stdout is not None
        for line in running.stdout:
            printed += line
            if line.rstrip("\n") == f"POINT {point}":
                return printed
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(running.pid, signal.SIGKILL)
        running.communicate()
    raise AssertionError(f"the play ended before the task tagged point_{point}:\n{printed}")


def plain_environment() -> dict[str, str]:
    """Return the environment without the variables that lead Ansible to the checkout."""
    return {key: value for key, value in os.environ.items() if not key.startswith("ANSIBLE_")}


def _environment(collections: Path | str) -> dict[str, str]:
    return {
        **plain_environment(),
        "ANSIBLE_CALLBACK_PLUGINS": str(REPOSITORY / "tests/callback"),
        "ANSIBLE_COLLECTIONS_PATH": str(collections),
        "ANSIBLE_HOST_KEY_CHECKING": "false",
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_PIPELINING": "1",
    }
