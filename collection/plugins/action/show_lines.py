# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action `weft.overlay.show_lines`: text on the controller's terminal, as it is."""

from __future__ import annotations

from typing import Any

from ansible import constants
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

# Stdout callbacks whose output is for programs, without the names of their collections.
_FOR_PROGRAMS = frozenset({"json", "jsonl", "null"})


# Ansible's classes have no types.
class ActionModule(ActionBase):  # type: ignore[misc]
    """Prints the lines between the name of the task and its result."""

    TRANSFERS_FILES = False
    _requires_connection = False

    def run(
        self, tmp: str | None = None, task_vars: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Print the lines and return them. Raises AnsibleActionFail for other options."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        _validation, options = self.validate_argument_spec(
            {
                "lines": {"type": "list", "elements": "str", "default": []},
                "warnings": {"type": "list", "elements": "str", "default": []},
            }
        )
        lines = [_without_controls(line) for line in options["lines"]]
        # The callback of the playbooks prints the lines at the end of the run.
        at_end = bool((task_vars or {}).get("weft_summary"))
        warnings = [_without_controls(warning) for warning in options["warnings"]]
        if warnings:
            result["warnings"] = [*result.get("warnings", ()), *warnings]
            # The summary of a playbook repeats them.
            result["notices"] = [f"WARNING: {warning}" for warning in warnings]
        if (
            lines
            and not at_end
            and str(constants.DEFAULT_STDOUT_CALLBACK).rpartition(".")[2] not in _FOR_PROGRAMS
        ):
            # In one call, so that no output of another host comes between the lines.
            Display().display("\n".join(lines))
        return result | {"changed": False, "lines": lines}


def _without_controls(line: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in line)
