# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ends each playbook of the collection with a summary of a few lines, without configuration.

Ansible loads the callbacks in the directory of a playbook, also if another playbook imports it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible import constants, context
from ansible.plugins.callback import CallbackBase

from ansible_collections.weft.overlay.plugins.plugin_utils.run_summary import (
    RunSummary,
    message_of,
    render,
)

# Stdout callbacks whose output is for programs.
_FOR_PROGRAMS = frozenset({"json", "jsonl", "null"})

# The action show_lines leaves its lines to the summary in a play with this variable.
_VARIABLE = "weft_summary"


class CallbackModule(CallbackBase):  # type: ignore[misc]  # Ansible's classes have no types.
    """Collects changes, failures and notices, and prints them after the recap."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "weft_summary"
    CALLBACK_NEEDS_ENABLED = False

    def __init__(self, display: Any = None, options: Any = None) -> None:
        super().__init__(display=display, options=options)
        stdout = str(constants.DEFAULT_STDOUT_CALLBACK).rpartition(".")[2]
        self.disabled = stdout in _FOR_PROGRAMS
        self._summary = RunSummary()

    def v2_playbook_on_start(self, playbook: Any) -> None:
        """Disable the callback for the playbook drift, which prints its own list."""
        self.disabled |= Path(playbook._file_name).name == "drift.yml"

    def v2_playbook_on_play_start(self, play: Any) -> None:
        """Take over the lines of the action show_lines."""
        play.vars[_VARIABLE] = True

    def v2_runner_on_ok(self, result: Any) -> None:
        """Collect a change, a notice or the lines of the verification."""
        task, returned = result._task, result._result
        if result.is_changed():
            self._summary.add_change(result._host.get_name(), _name(task))
        if task.action.endswith("show_lines"):
            self._summary.matrix = list(returned.get("lines") or self._summary.matrix)
            for notice in returned.get("notices") or ():
                self._summary.add_message(notice)
        elif task.action.endswith("debug"):
            self._summary.add_message(returned.get("msg"))

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        """Keep the message of the last failure of a host."""
        if not ignore_errors:
            self._summary.failed[result._host.get_name()] = message_of(result._result)

    def v2_playbook_on_stats(self, stats: Any) -> None:
        """Print the summary."""
        hosts = sorted(stats.processed)
        lines = render(
            self._summary,
            [host for host in hosts if stats.failures.get(host)],
            [host for host in hosts if stats.dark.get(host)],
            check=bool(context.CLIARGS.get("check")),
        )
        self._display.banner("SUMMARY")
        self._display.display("\n".join(lines))


def _name(task: Any) -> str:
    return str(task.get_name()).rpartition(" : ")[2]
