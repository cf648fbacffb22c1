# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The last lines of a run: what changed where, what failed, what is pending, what to run next."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

_TASKS = 4  # the most tasks to name for a group of hosts
_GROUPS = 4  # the most groups of hosts to list
_HOSTS = 6  # the most hosts to name
_LENGTH = 600  # characters of a message
_NOTICES = ("warning:", "pending:", "next:")


@dataclass(slots=True)
class RunSummary:
    """What a run has reported so far, by host in the order of the reports."""

    changed: dict[str, list[str]] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    unreachable: dict[str, str] = field(default_factory=dict)
    notices: list[str] = field(default_factory=list)
    matrix: list[str] = field(default_factory=list)

    def add_change(self, host: str, task: str) -> None:
        """Add a task that has changed a host, or would."""
        tasks = self.changed.setdefault(host, [])
        if task not in tasks:
            tasks.append(task)

    def add_message(self, message: object) -> None:
        """Add a message if it is a warning, or names what is pending or comes next."""
        if isinstance(message, str):
            text = " ".join(message.split())
            if text.lower().startswith(_NOTICES) and text not in self.notices:
                self.notices.append(text)


def render(
    summary: RunSummary, failed: Iterable[str], unreachable: Iterable[str], *, check: bool
) -> list[str]:
    """Return the lines; failed and unreachable are the hosts of the recap.

    A failure that a rescue has handled is not among them. The matrix comes last.
    """
    lines = _changes(summary.changed, check=check)
    failures = {host: summary.failed.get(host, "see the error above") for host in failed}
    lines += [f"failed on {_named(hosts)}: {text}" for text, hosts in _grouped(failures).items()]
    away = list(unreachable)
    if away:
        lines.append(f"unreachable: {_named(away)}")
    lines += summary.notices
    if failures or away:
        lines.append("Next: fix the cause, then run the same command again.")
    elif check and summary.changed:
        lines.append("Next: run the same command without --check to make these changes.")
    return lines + summary.matrix


def message_of(result: Mapping[str, object]) -> str:
    """Return the message of a failed task as one line."""
    message = result.get("msg")
    if isinstance(message, Sequence) and not isinstance(message, str):
        message = "; ".join(map(str, message))
    text = " ".join(str(message or "see the error above").split())
    return text if len(text) <= _LENGTH else f"{text[:_LENGTH]} ..."


def _changes(changed: Mapping[str, Sequence[str]], *, check: bool) -> list[str]:
    if not changed:
        return ["nothing would change" if check else "nothing changed"]
    groups = _grouped({host: _tasks(tasks) for host, tasks in changed.items()})
    word = "would change" if check else "changed"
    lines = [f"{word} on {_named(hosts)}: {tasks}" for tasks, hosts in groups.items()]
    left = lines[_GROUPS:]
    return lines[:_GROUPS] + ([f"{word} on {len(left)} more groups of hosts"] if left else [])


def _grouped(texts: Mapping[str, str]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for host, text in texts.items():
        groups.setdefault(text, []).append(host)
    return groups


def _tasks(tasks: Sequence[str]) -> str:
    left = len(tasks) - _TASKS
    return "; ".join(tasks[:_TASKS]) + (f"; and {left} more" if left > 0 else "")


def _named(hosts: Sequence[str]) -> str:
    return ", ".join(sorted(hosts)) if len(hosts) <= _HOSTS else f"{len(hosts)} hosts"
