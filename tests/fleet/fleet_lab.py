# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab of real hosts for one test module, and Ansible runs against it."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
_PLAYBOOK = REPOSITORY / ".venv/bin/ansible-playbook"
_RECAP = re.compile(r"^(\S+)\s+: (ok=.*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Run:
    """What an Ansible run printed, its exit status, and the recap's numbers by host."""

    output: str
    status: int
    recap: Mapping[str, Mapping[str, int]]

    def changed(self) -> dict[str, int]:
        """How many tasks changed something on each host."""
        return {host: numbers["changed"] for host, numbers in self.recap.items()}


@dataclass(frozen=True, slots=True)
class Lab:
    """A lab by its name; the commands are those of `python3 -m lab`."""

    name: str
    underlay: str

    def command(self, *words: str) -> str:
        """Run a lab command and return what it printed."""
        done = subprocess.run(
            ["/usr/bin/python3", "-m", "lab", words[0], "--name", self.name, *words[1:]],
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )
        if done.returncode:
            raise AssertionError(f"lab {' '.join(words)}: {done.stdout}{done.stderr}")
        return done.stdout

    def up(self, hosts: int) -> None:
        """Raise this many hosts; those that are up already stay."""
        self.command("up", "--hosts", str(hosts), "--underlay", self.underlay)

    def down(self) -> None:
        """Take everything away."""
        self.command("down")

    def on(self, host: int, command: str) -> str:
        """Run a shell command on the host of that number and return what it printed."""
        return self.command("ssh", f"{self.name}{host}", command)

    def write_inventory(self, path: Path) -> Path:
        """Write the lab's inventory."""
        path.write_text(self.command("inventory"), encoding="utf-8")
        return path


@contextlib.contextmanager
def raised_lab(
    name: str,
    underlay: str,
    request: pytest.FixtureRequest,
    suites: Sequence[str] = ("trixie", "trixie"),
) -> Iterator[Lab]:
    """Bare hosts; their journals are printed where a test failed, and they go in any case."""
    lab = Lab(name, underlay)
    failed_before = request.session.testsfailed
    try:
        lab.command("up", "--suites", ",".join(suites), "--underlay", underlay)
        yield lab
        if request.session.testsfailed > failed_before:
            for host in range(1, len(suites) + 1):
                print(lab.on(host, "journalctl --no-pager -n 80"))
    finally:
        lab.down()


def in_store(lab: Lab, words: str, host: int = 1) -> str:
    """Run etcdctl as root on a host that has a member of the store."""
    files = "/etc/weft/store/root"
    login = f"--cacert /etc/weft/store/ca.pem --cert {files}.pem --key {files}.key"
    return lab.on(host, f"etcdctl {login} {words}")


def plain_environment() -> dict[str, str]:
    """The environment without what leads Ansible to the checkout."""
    return {key: value for key, value in os.environ.items() if not key.startswith("ANSIBLE_")}


def play(
    collections: Path | str,
    folder: Path,
    *arguments: str,
    environment: Mapping[str, str] | None = None,
) -> Run:
    """Run ansible-playbook in a folder, with the collections in a path, or several as in PATH."""
    done = subprocess.run(
        [_PLAYBOOK, *arguments],
        cwd=folder,
        env={**_environment(collections), **(environment or {})},
        capture_output=True,
        text=True,
        timeout=1800,
        check=False,
    )
    recap = {
        host: {key: int(value) for key, value in re.findall(r"(\w+)=(\d+)", numbers)}
        for host, numbers in _RECAP.findall(done.stdout)
    }
    return Run(done.stdout + done.stderr, done.returncode, recap)


def play_until(task: str, collections: Path | str, folder: Path, *arguments: str) -> str:
    """Run ansible-playbook, end it without grace as the task begins, and return what it printed."""
    running = subprocess.Popen(
        [_PLAYBOOK, *arguments],
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
            if line.startswith("TASK [") and f"{task}]" in line:
                return printed
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(running.pid, signal.SIGKILL)
        running.communicate()
    raise AssertionError(f"the play ended before the task {task!r}:\n{printed}")


def _environment(collections: Path | str) -> dict[str, str]:
    return {
        **plain_environment(),
        "ANSIBLE_COLLECTIONS_PATH": str(collections),
        "ANSIBLE_HOST_KEY_CHECKING": "false",
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_PIPELINING": "1",
    }
