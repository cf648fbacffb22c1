#!/usr/bin/python
# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tell whether the daemon's processes run what is installed."""

from __future__ import annotations

DOCUMENTATION = r"""
module: daemon_info
short_description: Tell whether the daemon's processes run what is installed
version_added: 1.0.0
author:
  - The weft developers (@weft)
description:
  - Compares what the processes of C(weft-datapath.service) and C(weftd.service) run with what lies
    on the host, that is the release, the interpreter, the unit and the agent's settings.
  - The answer comes from the processes themselves. So a restart that an interrupted play owes is
    seen by the next one.
extends_documentation_fragment:
  - weft.overlay.attributes
  - weft.overlay.attributes.info_module
options:
  directory:
    description: The directory of the releases.
    type: path
    default: /opt/weft
  python:
    description: The Python interpreter that is to run the daemon.
    type: path
    default: /usr/bin/python3
  settings:
    description: The agent's settings.
    type: path
    default: /etc/weft/weftd.json
  status:
    description: The agent's status.
    type: path
    default: /run/weft/status.json
seealso:
  - module: weft.overlay.daemon
"""

EXAMPLES = r"""
- name: Look for processes that do not run what is installed
  weft.overlay.daemon_info:
  register: running

- name: Restart the agent
  ansible.builtin.systemd_service:
    name: weftd.service
    state: restarted
    daemon_reload: true
  when: "'weftd.service' in running.outdated"
"""

RETURN = r"""
current:
  description: The release that is installed as the current one, or null if there is none.
  returned: success
  type: str
  sample: 5f1c3f6a0a9ae2bd
units:
  description: The daemon's units, the datapath first.
  returned: success
  type: list
  elements: dict
  contains:
    unit:
      description: The unit's name.
      type: str
      sample: weftd.service
    active:
      description: Whether systemd has started it, and it has told that it is ready.
      type: bool
      sample: true
    enabled:
      description: Whether systemd starts it at boot.
      type: bool
      sample: true
processes:
  description: The daemon's processes that run.
  returned: success
  type: list
  elements: dict
  contains:
    unit:
      description: The process's unit.
      type: str
      sample: weftd.service
    pid:
      description: The process's id.
      type: int
      sample: 4711
    release:
      description: The release that it runs, or null if that cannot be told.
      type: str
      sample: 5f1c3f6a0a9ae2bd
    differences:
      description: What of it is not as installed, one clause each.
      type: list
      elements: str
      sample: [has read other settings than are written]
outdated:
  description: The units whose processes are to be restarted. One that does not run is none.
  returned: success
  type: list
  elements: str
  sample: [weftd.service]
"""

import json
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.weft.overlay.plugins.module_utils.release.directory import (
    ReleaseDirectory,
)
from ansible_collections.weft.overlay.plugins.module_utils.release.processes import (
    Sources,
    differences,
    release_in,
    unit_in_environment,
    unit_in_file,
)

AGENT = "weftd.service"
UNITS = ("weft-datapath.service", AGENT)


class DaemonInfo:
    """Reads what the units' processes run and what is installed."""

    def __init__(self, module: AnsibleModule) -> None:
        self.module = module
        self.params = module.params
        self.current = ReleaseDirectory(Path(module.params["directory"])).read().current

    def run(self) -> dict[str, Any]:
        """Compare the two and return the module's result."""
        shown = {unit: self._properties(unit) for unit in UNITS}
        processes = [
            entry
            for unit, properties in shown.items()
            if (entry := self._process(unit, properties)) is not None
        ]
        return {
            "changed": False,
            "current": self.current,
            "units": [
                {
                    "unit": unit,
                    "active": properties.get("ActiveState") == "active",
                    "enabled": properties.get("UnitFileState") == "enabled",
                }
                for unit, properties in shown.items()
            ],
            "processes": processes,
            "outdated": [entry["unit"] for entry in processes if entry["differences"]],
        }

    def _process(self, unit: str, shown: dict[str, str]) -> dict[str, Any] | None:
        pid = int(shown.get("MainPID", "0"))
        process = Path("/proc", str(pid))
        try:
            command_line = _text(process / "cmdline")
            environment = _text(process / "environ")
        except (FileNotFoundError, ProcessLookupError):
            # Not running, or gone since systemd told its number.
            return None
        python, release = release_in(command_line)
        agent = unit == AGENT
        runs = Sources(
            release,
            python,
            unit_in_environment(environment),
            self._settings_read(pid) if agent else None,
        )
        installed = Sources(
            self.current,
            self.params["python"],
            self._unit_written(shown.get("FragmentPath")),
            self._settings_written() if agent else None,
        )
        return {
            "unit": unit,
            "pid": pid,
            "release": release,
            "differences": list(differences(runs, installed)),
        }

    def _properties(self, unit: str) -> dict[str, str]:
        names = "MainPID,FragmentPath,ActiveState,UnitFileState"
        command = ["systemctl", "show", f"--property={names}", unit]
        _code, output, _error = self.module.run_command(command, check_rc=True)
        return dict(line.partition("=")[::2] for line in output.splitlines())

    def _settings_read(self, pid: int) -> int | None:
        """Return which writing of the settings the agent has read, if it has told."""
        try:
            status = json.loads(_text(Path(self.params["status"])))
        except (FileNotFoundError, ValueError):
            return None
        # The file outlives an agent.
        return status.get("settings_written_ns") if status.get("pid") == pid else None

    def _settings_written(self) -> int | None:
        try:
            return Path(self.params["settings"]).stat().st_mtime_ns
        except FileNotFoundError:
            return None

    def _unit_written(self, path: str | None) -> str | None:
        try:
            return unit_in_file(_text(Path(path))) if path else None
        except FileNotFoundError:
            return None


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "directory": {"type": "path", "default": "/opt/weft"},
            "python": {"type": "path", "default": "/usr/bin/python3"},
            "settings": {"type": "path", "default": "/etc/weft/weftd.json"},
            "status": {"type": "path", "default": "/run/weft/status.json"},
        },
        supports_check_mode=True,
    )
    try:
        result = DaemonInfo(module).run()
    except OSError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
