# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write what a play does into the log that bench.play reads, beside the calls of ssh and sftp."""

from __future__ import annotations

import os
import time
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: play_log
type: aggregate
short_description: Writes each task and each host's result into the file WEFT_PLAY_LOG
description:
  - One line an event, its fields separated by tabs. The lines of ssh and sftp come between them, so
    that a call belongs to the task above it.
"""


class CallbackModule(CallbackBase):  # type: ignore[misc]
    """Appends one line for each event."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "play_log"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self._log = os.open(os.environ["WEFT_PLAY_LOG"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def _write(self, *fields: str) -> None:
        line = "\t".join(" ".join(field.split()) for field in fields)
        os.write(self._log, f"{line}\n".encode())

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:  # noqa: ARG002
        """A task begins on all hosts."""
        self._write("task", repr(time.monotonic()), task.get_name(), task.action)

    def v2_playbook_on_handler_task_start(self, task: Any) -> None:
        """A handler begins on all hosts that notified it."""
        self._write("task", repr(time.monotonic()), task.get_name(), task.action)

    def v2_runner_on_ok(self, result: Any) -> None:
        """A host has done the task."""
        changed = result._result.get("changed", False)
        self._write("result", result._host.get_name(), "changed" if changed else "ok")

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:  # noqa: ARG002
        """A host has failed."""
        self._write("result", result._host.get_name(), "failed")

    def v2_runner_on_skipped(self, result: Any) -> None:
        """A condition kept the task from the host."""
        self._write("result", result._host.get_name(), "skipped")

    def v2_runner_on_unreachable(self, result: Any) -> None:
        """A host does not answer."""
        self._write("result", result._host.get_name(), "unreachable")

    def v2_playbook_on_stats(self, stats: Any) -> None:  # noqa: ARG002
        """The run is over."""
        self._write("end", repr(time.monotonic()))
