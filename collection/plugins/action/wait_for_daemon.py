# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action of the module wait_for_daemon: calls it in steps, and shows the progress."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

_STEP = 10  # seconds between two lines on the terminal
_DEFAULT = 30  # the module's


# Ansible's classes have no types.
class ActionModule(ActionBase):  # type: ignore[misc]
    """Runs the module until it succeeds or the timeout has passed."""

    TRANSFERS_FILES = False

    def run(
        self, tmp: str | None = None, task_vars: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Return the module's last result."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        options = dict(self._task.args)
        try:
            timeout = int(options.pop("timeout", _DEFAULT))
        except (TypeError, ValueError):
            # The module refuses it.
            return result | self._wait(self._task.args, task_vars)
        host = (task_vars or {}).get("inventory_hostname", "")
        waited = 0
        while True:
            step = min(_STEP, timeout - waited)
            given = {**options, "timeout": step, "waited_before": waited}
            returned = self._wait(given, task_vars)
            waited += step
            if not returned.get("failed") or waited >= timeout or "reason" not in returned:
                return result | returned
            Display().display(
                f"[{host}]: waiting for weftd, {waited} of {timeout} s: {returned['reason']}"
            )

    def _wait(self, options: dict[str, Any], task_vars: dict[str, Any] | None) -> dict[str, Any]:
        returned: dict[str, Any] = self._execute_module(
            "weft.overlay.wait_for_daemon", options, task_vars=task_vars
        )
        return returned
