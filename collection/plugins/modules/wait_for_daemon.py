#!/usr/bin/python
# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wait until the daemon's units run steadily and the agent is ready."""

from __future__ import annotations

DOCUMENTATION = r"""
module: wait_for_daemon
short_description: Wait until the daemon is ready
version_added: 1.0.0
author:
  - The weft developers (@weft)
description:
  - Internal to the collection. The roles and playbooks use it.
  - Waits until C(weft-datapath.service) and C(weftd.service) have been active for O(stable) seconds
    without a restart, and the agent has a lease and no problem.
  - Fails at the end of O(timeout) with the reason, the agent's own problem first.
extends_documentation_fragment:
  - weft.overlay.attributes
  - weft.overlay.attributes.info_module
options:
  until:
    description:
      - V(ready) waits until C(weftctl status) reports no problem.
      - V(configured) waits until the agent has written the subnet and the MTU for Docker into
        C(/run/flannel/subnet.env). Docker's bridge may still be that of another subnet.
    type: str
    choices: [configured, ready]
    default: ready
  timeout:
    description: The time to wait, in seconds, from 0 to 3600.
    type: int
    default: 30
  stable:
    description: The time for which the units must be active, in seconds, from 0 to 60.
    type: int
    default: 3
  waited_before:
    description:
      - The seconds that earlier calls have waited. The action plugin of this module sets it; it
        calls the module in steps of 10 seconds, and shows the progress.
    type: int
    default: 0
  subnet_file:
    description: The file that the agent writes for Docker.
    type: path
    default: /run/flannel/subnet.env
seealso:
  - module: weft.overlay.daemon_info
"""

EXAMPLES = r"""
- name: Wait up to 60 seconds until the daemon is ready
  weft.overlay.wait_for_daemon:
    timeout: 60
"""

RETURN = r"""
waited:
  description: The time that the module has waited, in seconds.
  returned: success
  type: float
  sample: 2.1
reason:
  description: Why the daemon is not ready.
  returned: failure
  type: str
  sample: weftd.service is activating (auto-restart, restarted 7 times)
"""

import time
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.weft.overlay.plugins.module_utils.release.readiness import (
    Unit,
    failure,
    last_error,
    read_unit,
    status_problems,
    subnet_file_problem,
    unit_problem,
)

UNITS = ("weft-datapath.service", "weftd.service")
_PROPERTIES = "LoadState,ActiveState,SubState,NRestarts,ActiveEnterTimestampMonotonic"
_INTERVAL = 0.5  # seconds between two attempts
_JOURNAL_LINES = 40


class WaitForDaemon:
    """Reads the units and the agent's status until both are well."""

    def __init__(self, module: AnsibleModule) -> None:
        self.module = module
        self.params = module.params

    def run(self) -> dict[str, Any]:
        """Return the module's result, or fail with the reason."""
        began = time.monotonic()
        while True:
            units = [self._unit(name) for name in UNITS]
            reasons = self._reasons(units)
            waited = time.monotonic() - began
            if not reasons:
                return {"changed": False, "waited": round(waited, 1)}
            if waited >= self.params["timeout"]:
                self._fail(units, reasons)
            time.sleep(_INTERVAL)

    def _reasons(self, units: list[Unit]) -> list[str]:
        now = time.monotonic()
        found = [unit_problem(unit, now, self.params["stable"]) for unit in units]
        if reasons := [each for each in found if each]:
            return reasons
        if self.params["until"] == "configured":
            problem = subnet_file_problem(self._subnet_file())
            return [*self._status(), problem] if problem else []
        return self._status()

    def _fail(self, units: list[Unit], reasons: list[str]) -> None:
        causes = [
            last_error(self._journal(unit.name))
            for unit in units
            if unit.loaded and (unit.active != "active" or unit.restarts)
        ]
        waited = self.params["waited_before"] + self.params["timeout"]
        self.module.fail_json(msg=failure(reasons, causes, waited), reason=reasons[0])

    def _unit(self, name: str) -> Unit:
        _code, output, _errors = self.module.run_command(
            ["systemctl", "show", f"--property={_PROPERTIES}", name]
        )
        return read_unit(name, output)

    def _status(self) -> list[str]:
        weftctl = self.module.get_bin_path("weftctl")
        if weftctl is None:
            return ["weftctl is not installed: run site.yml"]
        # The exit status differs with the problems; the output is complete all the same.
        _code, output, errors = self.module.run_command([weftctl, "status", "--json"])
        return status_problems(output, errors)

    def _subnet_file(self) -> str | None:
        try:
            return Path(self.params["subnet_file"]).read_text(encoding="utf-8")
        except FileNotFoundError:
            return None

    def _journal(self, unit: str) -> str:
        _code, output, _errors = self.module.run_command(
            [
                *("journalctl", "--no-pager", "--output=cat", f"--lines={_JOURNAL_LINES}"),
                f"_SYSTEMD_UNIT={unit}",
            ]
        )
        return str(output)


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "until": {"type": "str", "choices": ["configured", "ready"], "default": "ready"},
            "timeout": {"type": "int", "default": 30},
            "stable": {"type": "int", "default": 3},
            "waited_before": {"type": "int", "default": 0},
            "subnet_file": {"type": "path", "default": "/run/flannel/subnet.env"},
        },
        supports_check_mode=True,
    )
    for name, most in (("timeout", 3600), ("stable", 60)):
        if not 0 <= module.params[name] <= most:
            module.fail_json(msg=f"{name} is {module.params[name]}: set it from 0 to {most}.")
    try:
        result = WaitForDaemon(module).run()
    except OSError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
