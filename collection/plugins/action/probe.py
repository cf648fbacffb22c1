# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The deprecated module probe: runs the module that has replaced the given state."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

_CONTAINER = frozenset({"container", "host", "image", "archive", "lifetime", "port", "timeout"})
_PROBES = frozenset({"container", "port", "peers", "echoes", "timeout", "attempts", "seconds"})


# Ansible's classes have no types.
class ActionModule(ActionBase):  # type: ignore[misc]
    """Runs probe_container or container_probe_info with the options that it has."""

    TRANSFERS_FILES = False

    def run(
        self, tmp: str | None = None, task_vars: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Return the module's result. Raises AnsibleActionFail for an unknown state or option."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        options = dict(self._task.args)
        state = options.pop("state", None)
        if unknown := sorted(options.keys() - _CONTAINER - _PROBES):
            raise AnsibleActionFail(f"Unsupported parameters for probe: {', '.join(unknown)}")
        match state:
            case "started":
                return result | self._run("probe_container", _CONTAINER, options, task_vars)
            case "absent":
                given = {**options, "state": "absent"}
                returned = self._run("probe_container", _CONTAINER | {"state"}, given, task_vars)
                if "sources" in returned:
                    returned["heard"] = returned.pop("sources")
                return result | returned
            case "probed" | "measured":
                # container_probe_info runs in check mode, too; there may be no container then.
                if self._task.check_mode:
                    return result | {"changed": False}
                kind = "reachability" if state == "probed" else "throughput"
                given = {**options, "probes": [kind]}
                return result | self._run(
                    "container_probe_info", _PROBES | {"probes"}, given, task_vars
                )
        raise AnsibleActionFail(
            f"state is {state!r}: it must be one of started, probed, measured, absent"
        )

    def _run(
        self,
        module: str,
        names: frozenset[str],
        options: dict[str, Any],
        task_vars: dict[str, Any] | None,
    ) -> dict[str, Any]:
        given = {name: value for name, value in options.items() if name in names}
        returned: dict[str, Any] = self._execute_module(
            f"weft.overlay.{module}", given, task_vars=task_vars
        )
        return returned
