#!/usr/bin/python
# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Restart Docker so that its containers come back."""

from __future__ import annotations

DOCUMENTATION = r"""
module: docker_restart
short_description: Restart Docker so that its containers come back
version_added: 1.0.0
author:
  - The weft developers (@weft)
description:
  - Restarts dockerd, and starts the containers that ran before and that dockerd does not start by
    itself, in the order in which they were started, each after those whose network it joins or to
    which it is linked. Units that systemd stops together with dockerd are started again, too.
  - Where dockerd keeps containers alive (C(live-restore)), they are stopped before, because dockerd
    does not set up its bridge anew while one runs.
  - Before anything stops, dockerd is asked whether it takes its options (version 23 and newer).
  - If dockerd does not start, its files get back what O(fallback) holds, the bridge its address,
    dockerd and the containers are started again, and the module fails with the last lines of the
    journal.
  - What ran is kept in O(record) until all of it is back, so that a second run resumes an
    interrupted one.
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
      - V(started) starts dockerd if it is down, and what an interrupted restart has left stopped.
    type: str
    choices: [started, restarted]
    default: restarted
  own_address:
    description:
      - Whether the bridge is to have an address that Docker chooses, if no file gives one. Docker
        itself keeps the address of a bridge that it has had, even if the device is deleted.
      - It is the first address of the first subnet of Docker's address pools that the host does
        not use, and is given to dockerd for this one start.
      - Only with O(state=restarted).
    type: bool
    default: false
  enabled:
    description:
      - Whether to have systemd start dockerd at boot, where it does not.
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
      - What M(weft.overlay.docker_bip) has kept under the same option, to go back to. It is removed
        once dockerd has started. Without it there is no way back.
    type: path
  record:
    description: Where the module keeps what ran until it is back.
    type: path
    default: /etc/weft/docker_restart.json
  timeout:
    description:
      - How many seconds dockerd may take to stop, and to start, and to start or stop a container.
    type: int
    default: 300
notes:
  - Containers on the default bridge get other addresses if its subnet is another. On the networks
    of users, an address that the user chose stays; one that Docker chose may be another after any
    start of the container, and RV(moved) lists those.
  - A container that is removed when it stops (C(--rm)) is not started again, and neither is one of
    swarm's tasks, in whose place swarm puts another.
seealso:
  - module: weft.overlay.docker_bip
"""

EXAMPLES = r"""
- name: Give the bridge its address, with a way back
  weft.overlay.docker_bip:
    bip: 100.96.1.1/24
    fallback: /etc/weft/docker_fallback.json
  register: bridge

- name: Restart Docker where it must be
  weft.overlay.docker_restart:
    fallback: /etc/weft/docker_fallback.json
  when: bridge.restart_required

- name: Give the bridge back to Docker
  weft.overlay.docker_bip:
    state: absent
    overlay_network: 100.96.0.0/16
  register: bridge

- name: Let Docker choose its bridge's address
  weft.overlay.docker_restart:
    own_address: true
  when: bridge.restart_required
"""

RETURN = r"""
containers:
  description:
    - The containers that are stopped by the restart, in the order of their start. In check mode,
      those that would be.
    - With O(state=started), those that an interrupted restart left stopped.
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
        - Who starts it again. V(docker) by its restart policy; V(weft), this module; V(other),
          whoever started it, because it is gone when it stops.
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
  description: Whether dockerd was started or restarted; in check mode, whether it would be.
  returned: success
  type: bool
enabled:
  description:
    - Whether systemd was told to start dockerd at boot; in check mode, whether it would be.
  returned: success
  type: bool
started:
  description: The names of the containers that this module started.
  returned: success and not check mode
  type: list
  elements: str
  sample: [shop]
moved:
  description: The addresses on users' networks, chosen by Docker, that are others than before.
  returned: success and not check mode
  type: list
  elements: dict
  sample: [{name: shop, network: front, before: 172.18.0.2, after: 172.18.0.3}]
bridge_address:
  description: The address that the bridge takes for want of a configured one.
  returned: O(own_address=true)
  type: str
  sample: 172.17.0.1/16
recovered:
  description: Whether dockerd runs with its options of before, and its containers with it.
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
from ansible_collections.weft.overlay.plugins.module_utils.docker.carrier import read_daemon_json
from ansible_collections.weft.overlay.plugins.module_utils.docker.containers import describe
from ansible_collections.weft.overlay.plugins.module_utils.docker.engine import Engine
from ansible_collections.weft.overlay.plugins.module_utils.docker.own_address import own_address
from ansible_collections.weft.overlay.plugins.module_utils.docker.restart import (
    DockerHost,
    Places,
    Restart,
    RestartError,
)
from ansible_collections.weft.overlay.plugins.module_utils.docker.service import (
    SYSTEMD_RUNS,
    DockerService,
)
from ansible_collections.weft.overlay.plugins.module_utils.docker.text_files import read_text
from ansible_collections.weft.overlay.plugins.module_utils.weft.docker.errors import BridgeError


class DockerRestart:
    """Restarts dockerd, or ends a restart that was interrupted."""

    def __init__(self, module: AnsibleModule) -> None:
        params = module.params
        self.module = module
        # A link to the file stays a link: what it leads to is read.
        self.daemon_json = Path(params["path"]).resolve()
        self.restart = Restart(
            DockerHost(
                engine=Engine(params["socket"], params["timeout"]),
                service=DockerService(params["unit"], params["timeout"]),
                bridge=params["bridge"],
                links=lambda: self._ip("address", "show"),
                move=module.atomic_move,
            ),
            Places(
                daemon_json=self.daemon_json,
                record=Path(params["record"]),
                fallback=Path(params["fallback"]) if params["fallback"] else None,
            ),
        )

    def run(self) -> dict[str, Any]:
        """Do what the state asks for, and return the module's result."""
        if not SYSTEMD_RUNS.is_dir():
            raise BridgeError(
                "this host was not booted by systemd, by which the module restarts Docker: "
                "restart it by hand"
            )
        restarts = self.module.params["state"] == "restarted"
        bip = self._own_address() if restarts and self.module.params["own_address"] else None
        enables = self._enables(restarts)
        result = self._preview(restarts) if self.module.check_mode else self._do(restarts, bip)
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

    def _do(self, restarts: bool, bip: IPv4Interface | None) -> dict[str, Any]:
        outcome = self.restart.run(bip) if restarts else self.restart.resume()
        for moved in outcome.moved:
            self.module.warn(f"Docker gave {moved}: give the container an address to have it stay")
        return {
            "changed": outcome.changed,
            "restarted": outcome.restarted,
            "containers": describe(outcome.containers),
            "started": list(outcome.started),
            "moved": [asdict(moved) for moved in outcome.moved],
        }

    def _own_address(self) -> IPv4Interface:
        path = self.daemon_json
        occupied = [
            *parse_addresses(self._ip("address", "show")),
            *parse_routes(self._ip("route", "show", "table", "all")),
        ]
        values = read_daemon_json(path, read_text(path)).values()
        return own_address(values, occupied, self.module.params["bridge"])

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
