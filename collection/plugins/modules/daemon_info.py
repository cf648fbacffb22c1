#!/usr/bin/python
# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check whether the daemon's processes run the installed release."""

from __future__ import annotations

DOCUMENTATION = r"""
module: daemon_info
short_description: Check whether the daemon's processes run the installed release
version_added: 1.0.0
author:
  - The weft developers (@weft)
description:
  - Internal to the collection. The role P(weft.overlay.overlay#role) uses it.
  - Compares the processes of C(weft-datapath.service) and C(weftd.service) with the files on the
    host, that is with the installed release, the interpreter, the unit and the agent's settings.
  - It reads the state of the processes themselves, so that the next play makes up for a restart
    that an interrupted play has missed.
extends_documentation_fragment:
  - weft.overlay.attributes
  - weft.overlay.attributes.info_module
options:
  directory:
    description: The directory of the releases.
    type: path
    default: /opt/weft
  python:
    description: The Python interpreter that runs the daemon.
    type: path
    default: /usr/bin/python3
  settings:
    description: The agent's settings file.
    type: path
    default: /etc/weft/weftd.json
  status:
    description: The agent's status file.
    type: path
    default: /run/weft/status.json
seealso:
  - module: weft.overlay.daemon
"""

EXAMPLES = r"""
- name: Find processes that do not run the installed release
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
  description: The current release, or null if none is installed.
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
      description: Whether systemd reports the unit as active.
      type: bool
      sample: true
    enabled:
      description: Whether systemd starts it at boot.
      type: bool
      sample: true
processes:
  description: The running processes of the daemon.
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
      description: The release that it runs, or null if it is unknown.
      type: str
      sample: 5f1c3f6a0a9ae2bd
    differences:
      description: The differences from the installed files.
      type: list
      elements: str
      sample: [read an older version of the settings file]
outdated:
  description: The units whose processes must be restarted. Stopped units are not listed.
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
    ProgramVersion,
    differences,
    release_in,
    unit_in_environment,
    unit_in_file,
)

AGENT = "weftd.service"
UNITS = ("weft-datapath.service", AGENT)


class DaemonInfo:
    """Compares the units' processes with the installed files."""

    def __init__(self, module: AnsibleModule) -> None:
        self.module = module
        self.params = module.params
        self.current = ReleaseDirectory(Path(module.params["directory"])).read().current

    def run(self) -> dict[str, Any]:
        """Return the module's result."""
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
            # It does not run, or has ended since systemctl ran.
            return None
        python, release = release_in(command_line)
        agent = unit == AGENT
        runs = ProgramVersion(
            release,
            python,
            unit_in_environment(environment),
            self._settings_read(pid) if agent else None,
        )
        installed = ProgramVersion(
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
        """Return the time of the settings file that the agent has read, in ns; None if unknown."""
        try:
            status = json.loads(_text(Path(self.params["status"])))
        except (FileNotFoundError, ValueError):
            return None
        # The file may be that of an earlier agent.
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
