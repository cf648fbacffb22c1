#!/usr/bin/python
# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Restart Docker so that its containers come back."""

from __future__ import annotations

DOCUMENTATION = r"""
module: docker_restart
short_description: Restart Docker and start its containers again
version_added: 1.0.0
author:
  - The weft developers (@weft)
description:
  - Restarts dockerd, and starts the containers that ran before and that dockerd does not start by
    itself. They are started in their original order, each after the containers whose network it
    joins or to which it is linked. Units that systemd stops together with dockerd are started
    again, too.
  - If dockerd keeps containers running (C(live-restore)), they are stopped first, because dockerd
    does not reconfigure its bridge while a container runs.
  - Before anything is stopped, dockerd validates its options (version 23 and newer).
  - If dockerd does not start, the module restores its files from O(fallback) and the address of the
    bridge, starts dockerd and the containers again, and fails with the last lines of the journal.
  - The running containers are recorded in O(record) until all of them run again, so that a second
    run resumes an interrupted one.
extends_documentation_fragment:
  - weft.overlay.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
options:
  state:
    description:
      - V(restarted) always restarts.
      - V(started) starts dockerd if it is stopped, and the containers that an interrupted restart
        has left stopped.
    type: str
    choices: [started, restarted]
    default: restarted
  own_address:
    description:
      - Whether to set the bridge to the address that Docker chooses by default, if no file sets
        one. Docker itself keeps the last address of its bridge, even if the device is deleted.
      - It is the first address of the first subnet of Docker's address pools that the host does not
        use, and is passed to dockerd for this start only.
      - Only with O(state=restarted).
    type: bool
    default: false
  enabled:
    description:
      - Whether to enable the start of dockerd at boot.
      - Only with O(state=started).
    type: bool
    default: false
  unit:
    description: The systemd unit that runs dockerd.
    type: str
    default: docker.service
  path:
    description: Docker's configuration file.
    type: path
    default: /etc/docker/daemon.json
  bridge:
    description: The device of Docker's default bridge.
    type: str
    default: docker0
  socket:
    description: The socket of Docker's API.
    type: path
    default: /run/docker.sock
  fallback:
    description:
      - The files that M(weft.overlay.docker_bip) has saved under the same option, for a rollback.
        The module removes it after a successful start of dockerd.
      - If it is not set, the files are not rolled back.
    type: path
  record:
    description: The file in which the module records the running containers until they run again.
    type: path
    default: /etc/weft/docker_restart.json
  timeout:
    description:
      - The timeout in seconds to stop or start dockerd, and to stop or start a container.
    type: int
    default: 300
notes:
  - Containers on the default bridge get other addresses if its subnet changes. On user-defined
    networks, an address that the user chose is kept. An address that Docker chose may change with
    any start of the container; RV(moved) lists these changes.
  - A container that is removed when it stops (C(--rm)) is not started again, and neither is the
    container of a swarm task, which swarm replaces.
seealso:
  - module: weft.overlay.docker_bip
"""

EXAMPLES = r"""
- name: Set the bridge's address, and save the files for a rollback
  weft.overlay.docker_bip:
    bip: 100.96.1.1/24
    fallback: /etc/weft/docker_fallback.json
  register: bridge

- name: Restart Docker if required
  weft.overlay.docker_restart:
    fallback: /etc/weft/docker_fallback.json
  when: bridge.restart_required

- name: Remove the bridge's address
  weft.overlay.docker_bip:
    state: absent
    overlay_network: 100.96.0.0/16
  register: bridge

- name: Restart Docker with the address that it chooses by default
  weft.overlay.docker_restart:
    own_address: true
  when: bridge.restart_required
"""

RETURN = r"""
containers:
  description:
    - The containers that the restart stops, in the order of their start. In check mode, those that
      it would stop.
    - With O(state=started), those that an interrupted restart has left stopped.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: The container's identifier.
      type: str
    name:
      description: The container's name.
      type: str
    started_by:
      description:
        - The program that starts it again. V(docker) starts it by its restart policy, V(weft) is
          this module, and V(other) is the program that created it, because a stop removes it.
      type: str
    addresses:
      description: The IPv4 address by network, before the restart.
      type: dict
  sample:
    - id: 4f1c2d9a
      name: shop
      started_by: weft
      addresses: {bridge: 172.17.0.2}
restarted:
  description: Whether dockerd was started or restarted. In check mode, whether it would be.
  returned: success
  type: bool
enabled:
  description:
    - Whether the start of dockerd at boot was enabled. In check mode, whether it would be.
  returned: success
  type: bool
started:
  description: The names of the containers that this module has started.
  returned: success and not check mode
  type: list
  elements: str
  sample: [shop]
moved:
  description: The changed addresses that Docker chose on user-defined networks.
  returned: success and not check mode
  type: list
  elements: dict
  sample: [{name: shop, network: front, before: 172.18.0.2, after: 172.18.0.3}]
bridge_address:
  description: The address of the bridge if none is configured.
  returned: O(own_address=true)
  type: str
  sample: 172.17.0.1/16
recovered:
  description: Whether dockerd and its containers run again with the previous options.
  returned: failure
  type: bool
"""

from dataclasses import asdict
from ipaddress import IPv4Interface
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.weft.overlay.plugins.module_utils.docker.addresses import (
    parse_addresses,
    parse_routes,
)
from ansible_collections.weft.overlay.plugins.module_utils.docker.config_files import read_text
from ansible_collections.weft.overlay.plugins.module_utils.docker.containers import describe
from ansible_collections.weft.overlay.plugins.module_utils.docker.default_address import (
    default_address,
)
from ansible_collections.weft.overlay.plugins.module_utils.docker.engine import EngineClient
from ansible_collections.weft.overlay.plugins.module_utils.docker.restart import (
    DockerHost,
    Restart,
    RestartError,
    RestartPaths,
)
from ansible_collections.weft.overlay.plugins.module_utils.docker.service import (
    SYSTEMD_RUNS,
    DockerService,
)
from ansible_collections.weft.overlay.plugins.module_utils.docker.settings_files import (
    read_daemon_json,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.docker.errors import BridgeError


class DockerRestart:
    """Restarts dockerd, or completes an interrupted restart."""

    def __init__(self, module: AnsibleModule) -> None:
        params = module.params
        self.module = module
        # The path may be a symbolic link.
        self.daemon_json = Path(params["path"]).resolve()
        self.restart = Restart(
            DockerHost(
                engine=EngineClient(params["socket"], params["timeout"]),
                service=DockerService(params["unit"], params["timeout"]),
                bridge=params["bridge"],
                links=lambda: self._ip("address", "show"),
                move=module.atomic_move,
            ),
            RestartPaths(
                daemon_json=self.daemon_json,
                record=Path(params["record"]),
                fallback=Path(params["fallback"]) if params["fallback"] else None,
            ),
        )

    def run(self) -> dict[str, Any]:
        """Restart or start dockerd unless in check mode, and return the module's result."""
        if not SYSTEMD_RUNS.is_dir():
            raise BridgeError(
                "this host was not booted by systemd, which the module uses to restart Docker: "
                "restart Docker by hand"
            )
        restarts = self.module.params["state"] == "restarted"
        bip = self._default_address() if restarts and self.module.params["own_address"] else None
        enables = self._enables(restarts)
        result = self._preview(restarts) if self.module.check_mode else self._run(restarts, bip)
        if enables and not self.module.check_mode:
            self.restart.host.service.enable()
        result = {**result, "changed": result["changed"] or enables, "enabled": enables}
        return result if bip is None else {**result, "bridge_address": str(bip)}

    def _enables(self, restarts: bool) -> bool:
        wanted: bool = self.module.params["enabled"]
        return wanted and not restarts and not self.restart.host.service.is_enabled()

    def _preview(self, restarts: bool) -> dict[str, Any]:
        restart = self.restart
        return {
            "changed": restarts or restart.would_resume(),
            "restarted": restarts or not restart.host.service.is_active(),
            "containers": describe(restart.preview() if restarts else restart.left_stopped()),
        }

    def _run(self, restarts: bool, bip: IPv4Interface | None) -> dict[str, Any]:
        result = self.restart.run(bip) if restarts else self.restart.resume()
        for change in result.address_changes:
            self.module.warn(
                f"Docker changed an address, {change}: set an address for the container to keep it"
            )
        return {
            "changed": result.changed,
            "restarted": result.restarted,
            "containers": describe(result.containers),
            "started": list(result.started),
            "moved": [asdict(change) for change in result.address_changes],
        }

    def _default_address(self) -> IPv4Interface:
        path = self.daemon_json
        used = [
            *parse_addresses(self._ip("address", "show")),
            *parse_routes(self._ip("route", "show", "table", "all")),
        ]
        values = read_daemon_json(path, read_text(path)).values()
        return default_address(values, used, self.module.params["bridge"])

    def _ip(self, *arguments: str) -> str:
        command = [self.module.get_bin_path("ip", required=True), "-N", "-j", "-4", *arguments]
        _code, output, _error = self.module.run_command(command, check_rc=True)
        return str(output)


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "choices": ["started", "restarted"], "default": "restarted"},
            "own_address": {"type": "bool", "default": False},
            "enabled": {"type": "bool", "default": False},
            "unit": {"type": "str", "default": "docker.service"},
            "path": {"type": "path", "default": "/etc/docker/daemon.json"},
            "bridge": {"type": "str", "default": "docker0"},
            "socket": {"type": "path", "default": "/run/docker.sock"},
            "fallback": {"type": "path"},
            "record": {"type": "path", "default": "/etc/weft/docker_restart.json"},
            "timeout": {"type": "int", "default": 300},
        },
        supports_check_mode=True,
    )
    try:
        result = DockerRestart(module).run()
    except RestartError as error:
        module.fail_json(msg=str(error), recovered=error.recovered)
    except (BridgeError, OSError) as error:
        module.fail_json(msg=str(error), recovered=False)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
