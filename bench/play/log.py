# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The log of a play: tasks and results by the callback, calls by the ssh beside it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from bench.errors import BenchError


@dataclass(slots=True)
class Task:
    """One task as it was run: on which hosts, by how many calls, for how long."""

    name: str
    action: str
    seconds: float = 0.0
    # Host and status: ok, changed, skipped, failed or unreachable; a delegated task is its host's.
    results: list[tuple[str, str]] = field(default_factory=list)
    # What crossed the network, by the host that was called: a delegated task calls another one.
    modules: Counter[str] = field(default_factory=Counter)
    round_trips: Counter[str] = field(default_factory=Counter)

    @property
    def ran(self) -> int:
        """On how many hosts it was not skipped."""
        return sum(status != "skipped" for _host, status in self.results)


def parse(lines: Iterable[str], names: Mapping[str, str]) -> tuple[Task, ...]:
    """Read the log; `names` has the inventory's name of each address that ssh was given.

    Raises:
        BenchError: the play did not come to its end, or a line is not one of the log.
    """
    tasks: list[Task] = []
    began, ended = 0.0, False
    for line in lines:
        match line.rstrip("\n").split("\t", 3):
            case ["task", time, name, action]:
                _close(tasks, float(time) - began)
                began = float(time)
                tasks.append(Task(name, action))
            case ["result", host, status] if tasks:
                tasks[-1].results.append((host, status))
            case ["call", program, address, command] if tasks:
                host = names.get(address.strip("[]"), address)
                tasks[-1].round_trips[host] += 1
                tasks[-1].modules[host] += program == "ssh" and is_module(command)
            case ["end", time]:
                _close(tasks, float(time) - began)
                ended = True
            case _:
                raise BenchError(f"the log of the play has a line of no known kind: {line!r}")
    if not ended:
        raise BenchError("the log of the play has no end: the play was cut off")
    return tuple(tasks)


def _close(tasks: list[Task], seconds: float) -> None:
    if tasks:
        tasks[-1].seconds = seconds


def is_module(command: str) -> bool:
    """Tell a module's execution from the calls around it, by the command that Ansible gives ssh.

    A pipelined module comes through the standard input of an interpreter, another as the file
    AnsiballZ_NAME.py, which a call before has made executable.
    """
    if "AnsiballZ_" in command:
        return "chmod" not in command and "rm -f" not in command
    return "python3 && sleep 0" in command
