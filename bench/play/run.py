# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run of a playbook, watched: Ansible logs its tasks, and its ssh and sftp their calls."""

from __future__ import annotations

import os
import resource
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from bench import machine
from bench.errors import BenchError
from bench.play import cost, log
from bench.play.cost import Cost
from bench.play.log import Task

ROOT = Path(__file__).resolve().parents[2]
SITE = ROOT / "collection/playbooks/site.yml"
INSTRUMENTS = Path(__file__).parent / "instruments"
_LAST_WORDS = 3000  # characters of a failed play


@dataclass(frozen=True, slots=True)
class Fleet:
    """An inventory, and the name in it of each address that ssh is given."""

    inventory: Path
    names: Mapping[str, str]


def converge(fleet: Fleet, run: str, *arguments: str) -> tuple[Cost, tuple[Task, ...]]:
    """Run site.yml and return what it cost, with the tasks.

    Raises:
        BenchError: the play failed.
    """
    with tempfile.TemporaryDirectory(prefix="weft-play-") as folder:
        path = Path(folder) / "log"
        path.touch()
        load = machine.load()
        cpu, started = _children(), time.monotonic()
        done = subprocess.run(
            [ROOT / ".venv/bin/ansible-playbook", "-i", fleet.inventory, SITE, *arguments],
            cwd=ROOT,
            env=_environment(path),
            capture_output=True,
            text=True,
            check=False,
        )
        seconds = time.monotonic() - started
        if done.returncode:
            said = (done.stdout + done.stderr)[-_LAST_WORDS:]
            raise BenchError(f"the {run} run of site.yml failed:\n{said}")
        with path.open(encoding="utf-8") as lines:
            tasks = log.parse(lines, fleet.names)
    return (
        Cost(
            hosts=len(fleet.names),
            run=run,
            seconds=round(seconds, 1),
            cpu=round(_children() - cpu, 1),
            load=load,
            tasks=len(tasks),
            changed=sum(status == "changed" for task in tasks for _host, status in task.results),
            by_host=cost.by_host(tasks, fleet.names.values()),
            slowest=cost.slowest(tasks),
        ),
        tasks,
    )


def _environment(path: Path) -> dict[str, str]:
    return {
        **os.environ,
        "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
        "ANSIBLE_NOCOLOR": "1",
        **watched(path),
    }


def watched(path: Path) -> dict[str, str]:
    """Return the variables by which a run of Ansible writes its log there."""
    return {
        "ANSIBLE_CALLBACK_PLUGINS": str(INSTRUMENTS / "callback"),
        "ANSIBLE_CALLBACKS_ENABLED": "play_log",
        "ANSIBLE_SSH_EXECUTABLE": str(INSTRUMENTS / "bin/ssh"),
        "ANSIBLE_SFTP_EXECUTABLE": str(INSTRUMENTS / "bin/sftp"),
        "WEFT_PLAY_LOG": str(path),
    }


def _children() -> float:
    """The processor seconds of all ended children and theirs."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def ansible_version() -> str:
    """The version of ansible-core that the runs use."""
    return metadata.version("ansible-core")
