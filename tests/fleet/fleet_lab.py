# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab of real hosts for one test module."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.playbook import REPOSITORY


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
