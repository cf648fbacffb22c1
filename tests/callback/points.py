# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Print a line as a task with a tag `point_...` begins, by which tests recognize the task."""

from __future__ import annotations

from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: points
type: notification
short_description: Prints a line for each task with a tag that begins with point_
description:
  - Tests select tasks by these tags, and not by their names, which are prose.
"""


class CallbackModule(CallbackBase):  # type: ignore[misc]  # ansible-core has no types
    """Prints `POINT NAME` below the banner of a task with the tag `point_NAME`."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "points"
    CALLBACK_NEEDS_ENABLED = False

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:  # noqa: ARG002  # Ansible passes it
        """A task begins on all hosts."""
        for tag in task.tags:
            if tag.startswith("point_"):
                self._display.display(f"POINT {tag.removeprefix('point_')}")
