#!/usr/bin/python
# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Probe the containers of other hosts from a container of this one."""

from __future__ import annotations

DOCUMENTATION = r"""
module: probe
short_description: Probe the containers of other hosts from a container of this one
version_added: 1.0.0
author:
  - The weft developers (@weft)
description:
  - Starts a container in Docker's default network, with a responder in the container's network,
    and probes the containers that the other hosts have started likewise. The role
    P(weft.overlay.verify#role) does so on all hosts of a fleet.
  - Each peer is asked by ICMP echo, by UDP and by TCP on a port that is not published. The answers
    tell by which address the container arrived. The path MTU is found by datagrams that may not be
    fragmented, one way.
  - The probes are sockets of the host's Python inside the container's network namespace. The image
    needs C(sleep) only.
  - The responder ends together with the container.
extends_documentation_fragment:
  - weft.overlay.attributes
attributes:
  check_mode:
    support: partial
    details:
      - Nothing is started, probed or removed. RV(ignore:changed) tells whether it would be.
  diff_mode:
    support: none
options:
  state:
    description:
      - V(started) starts the container and its responder, and tells what the host says of itself.
      - V(probed) probes O(peers) from a started container.
      - V(measured) measures the throughput to O(peers), one after the other.
      - V(absent) tells which addresses the responder has heard, and removes the container.
    type: str
    choices: [started, probed, measured, absent]
    required: true
  container:
    description: The container's name.
    type: str
    required: true
  host:
    description: The name by which the responder answers. Required with O(state=started).
    type: str
  image:
    description:
      - The container's image. Required with O(state=started). It is loaded or pulled if it is not
        there.
    type: str
  archive:
    description: An archive on the host from which to load the image. Without it it is pulled.
    type: path
    default: ""
  lifetime:
    description: Seconds after which the container ends by itself, from 60 to 86400.
    type: int
    default: 900
  port:
    description: The TCP and UDP port inside the containers.
    type: int
    default: 8080
  peers:
    description: The other hosts. Required with O(state=probed) and O(state=measured).
    type: list
    elements: dict
    suboptions:
      name:
        description: The name by which the peer's responder answers.
        type: str
        required: true
      address:
        description: The IPv4 address of the peer's container.
        type: str
        required: true
  echoes:
    description: Echo requests to each peer, from 1 to 100.
    type: int
    default: 5
  timeout:
    description: Seconds that one attempt may take, from 1 to 60.
    type: int
    default: 3
  attempts:
    description: How often a peer is asked by UDP and by TCP before that counts as failed, from 1 to
      10.
    type: int
    default: 3
  seconds:
    description: With O(state=measured), seconds to send to each peer, from 1 to 60.
    type: int
    default: 2
"""

EXAMPLES = r"""
- name: Start a container that answers
  weft.overlay.probe:
    state: started
    container: weft-verify-1
    host: "{{ inventory_hostname }}"
    image: docker.io/library/busybox:stable
  register: started

- name: Probe all others
  weft.overlay.probe:
    state: probed
    container: weft-verify-1
    peers: "{{ peers }}"
  vars:
    peers: >-
      {%- set peers = [] -%}
      {%- for host in ansible_play_hosts | difference([inventory_hostname]) -%}
      {{- peers.append({'name': host, 'address': hostvars[host].started.address}) -}}
      {%- endfor -%}
      {{ peers }}
  register: probed

- name: Remove the container
  weft.overlay.probe:
    state: absent
    container: weft-verify-1
"""

RETURN = r"""
image_obtained:
  description: Whether the image was loaded or pulled; in check mode, whether it would be.
  returned: O(state=started)
  type: bool
address:
  description: The container's IPv4 address.
  returned: O(state=started) and not check mode
  type: str
  sample: 100.96.1.2
prefix_length:
  description: The length of the prefix of the container's network.
  returned: O(state=started) and not check mode
  type: int
  sample: 24
mtu:
  description: The MTU of the container's device, in bytes.
  returned: O(state=started) and not check mode
  type: int
  sample: 1472
docker:
  description: The version of dockerd.
  returned: O(state=started)
  type: str
  sample: 28.5.2
kernel:
  description: The release of the kernel.
  returned: O(state=started)
  type: str
  sample: 6.12.48+deb13-amd64
daemon:
  description: What C(weftctl status --json) says. None where the host has no weftctl.
  returned: O(state=started)
  type: dict
observations:
  description: What the probes saw of each peer.
  returned: O(state=probed) and not check mode
  type: list
  elements: dict
  contains:
    name:
      description: The peer's name, as given.
      type: str
    address:
      description: The peer's address, as given.
      type: str
    sent:
      description: Echo requests that were sent.
      type: int
    received:
      description: Echo requests that were answered.
      type: int
    round_trip_ms:
      description: C(min), C(median) and C(max) of the round trips in milliseconds. None without an
        answer.
      type: dict
    echo_error:
      description: Why an echo request came back. Empty if none did.
      type: str
    udp:
      description: C(name) of the host that answered by UDP, C(source), the address from which the
        question came, and C(error), the reason if nobody answered.
      type: dict
    tcp:
      description: The same by TCP.
      type: dict
    path_mtu:
      description: The largest packet that reaches the peer unfragmented, in bytes. None if no
        datagram does.
      type: int
    path_mtu_told_by:
      description: The address that said that larger packets do not pass. Empty if nobody said so.
      type: str
    expected_mtu:
      description: The MTU of the own container's device, in bytes.
      type: int
  sample:
    - name: docker2
      address: 100.96.2.2
      sent: 5
      received: 5
      round_trip_ms: {min: 0.301, median: 0.344, max: 0.912}
      echo_error: ""
      udp: {name: docker2, source: 100.96.1.2, error: ""}
      tcp: {name: docker2, source: 100.96.1.2, error: ""}
      path_mtu: 1472
      path_mtu_told_by: ""
      expected_mtu: 1472
throughput:
  description: What arrived at each peer by one TCP connection.
  returned: O(state=measured) and not check mode
  type: list
  elements: dict
  contains:
    name:
      description: The peer's name, as given.
      type: str
    mbit:
      description: The figure in Mbit/s (10^6). None where it could not be measured.
      type: float
    error:
      description: Why it could not be measured. Empty if it was.
      type: str
  sample: [{name: docker2, mbit: 812.4, error: ""}]
heard:
  description: The addresses from which anything has arrived at the responder. None where there was
    no responder to ask.
  returned: O(state=absent) and not check mode
  type: list
  elements: str
  sample: [100.96.2.2]
"""

import errno
import json
import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.weft.overlay.plugins.module_utils.verification import connections
from ansible_collections.weft.overlay.plugins.module_utils.verification.container import (
    ContainerError,
    ProbeContainer,
    Running,
)
from ansible_collections.weft.overlay.plugins.module_utils.verification.network_namespace import (
    device_mtu,
    enter,
)
from ansible_collections.weft.overlay.plugins.module_utils.verification.probes import (
    Effort,
    Peer,
    probe,
)
from ansible_collections.weft.overlay.plugins.module_utils.verification.responder import (
    Responder,
    serve_in_background,
)

BOUNDS = {
    "lifetime": (60, 86400),
    "port": (1, 65535),
    "echoes": (1, 100),
    "timeout": (1, 60),
    "attempts": (1, 10),
    "seconds": (1, 60),
}


class Probe:
    """Does what the state asks for."""

    def __init__(self, module: AnsibleModule) -> None:
        self.module = module
        self.params = module.params
        self.container = ProbeContainer(
            module.params["container"], module.get_bin_path("docker", required=True), self._run
        )

    def run(self) -> dict[str, Any]:
        """Return the module's result."""
        for option, (least, most) in BOUNDS.items():
            if not least <= self.params[option] <= most:
                raise ValueError(
                    f"{option} is {self.params[option]}: it must be from {least} to {most}"
                )
        does = {
            "started": self.start,
            "probed": self.probe,
            "measured": self.measure,
            "absent": self.remove,
        }
        return does[self.params["state"]]()

    def start(self) -> dict[str, Any]:
        """Start the container and its responder, where they do not run."""
        host = {
            "docker": self.container.version(),
            "kernel": os.uname().release,
            "daemon": self._daemon(),
        }
        running = self.container.inspect()
        lacks_image = running is None and not self.container.has_image(self.params["image"])
        if self.module.check_mode:
            return {"changed": running is None, "image_obtained": lacks_image, **host}
        if lacks_image:
            self._obtain_image()
        if running is None:
            self.container.start(self.params["image"], self.params["lifetime"])
        return {
            "image_obtained": lacks_image,
            **self._respond(self._running(), running is None),
            **host,
        }

    def probe(self) -> dict[str, Any]:
        """Probe the peers."""
        peers = self._peers()
        if self.module.check_mode:
            return {"changed": False}
        params = self.params
        effort = Effort(params["port"], params["echoes"], params["timeout"], params["attempts"])
        running = self._running()
        enter(running.network_namespace)
        seen = probe(peers, effort, device_mtu(running.address))
        return {"changed": False, "observations": [each.document() for each in seen]}

    def measure(self) -> dict[str, Any]:
        """Measure the throughput to the peers."""
        peers = self._peers()
        if self.module.check_mode:
            return {"changed": False}
        enter(self._running().network_namespace)
        return {"changed": False, "throughput": [self._throughput(peer) for peer in peers]}

    def remove(self) -> dict[str, Any]:
        """Ask the responder what it has heard, and remove the container."""
        running = self.container.inspect()
        if self.module.check_mode:
            return {"changed": running is not None}
        heard = self._heard(running) if running else None
        self.container.remove()
        return {"changed": running is not None, "heard": heard}

    def _heard(self, running: Running) -> list[str] | None:
        # docker's command line must not be called from inside.
        with ThreadPoolExecutor(1) as inside:
            return inside.submit(self._heard_inside, running).result()

    def _heard_inside(self, running: Running) -> list[str] | None:
        try:
            enter(running.network_namespace)
            return connections.heard(self.params["port"], self.params["timeout"])
        except (OSError, ValueError):
            return None

    def _throughput(self, peer: Peer) -> dict[str, Any]:
        params = self.params
        try:
            mbit = connections.throughput(
                peer.address, params["port"], params["seconds"], params["timeout"]
            )
        except (OSError, ValueError) as error:
            return {"name": peer.name, "mbit": None, "error": str(error)}
        return {"name": peer.name, "mbit": round(mbit, 1), "error": ""}

    def _respond(self, running: Running, fresh: bool) -> dict[str, Any]:
        enter(running.network_namespace)
        changed = fresh
        try:
            responder = Responder(self.params["host"], self.params["port"])
        except OSError as error:
            # A responder of an earlier call answers there.
            if fresh or error.errno != errno.EADDRINUSE:
                raise
        else:
            serve_in_background(responder, running.pid, self.params["lifetime"])
            changed = True
        return {
            "changed": changed,
            "address": running.address,
            "prefix_length": running.prefix_length,
            "mtu": device_mtu(running.address),
        }

    def _obtain_image(self) -> None:
        if self.params["archive"]:
            self.container.load_image(self.params["archive"])
        else:
            self.container.pull_image(self.params["image"])

    def _running(self) -> Running:
        running = self.container.inspect()
        if running is None:
            raise ContainerError(
                f"no container {self.params['container']} runs: it ended by itself after its "
                "lifetime, or was removed: verify again"
            )
        return running

    def _peers(self) -> list[Peer]:
        return [Peer(peer["name"], peer["address"]) for peer in self.params["peers"]]

    def _daemon(self) -> dict[str, Any] | None:
        weftctl = self.module.get_bin_path("weftctl")
        if weftctl is None:
            return None
        # It exits with 1 where it names a problem, and says the same.
        _code, output, errors = self._run([weftctl, "status", "--json"])
        try:
            said: dict[str, Any] = json.loads(output)
        except ValueError:
            reason = errors.strip() or "no answer"
            return {"agent": None, "datapath": None, "problems": [f"weftctl status: {reason}"]}
        return said

    def _run(self, command: list[str]) -> tuple[int, str, str]:
        code, output, errors = self.module.run_command(command)
        return int(code), str(output), str(errors)


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "state": {
                "type": "str",
                "choices": ["started", "probed", "measured", "absent"],
                "required": True,
            },
            "container": {"type": "str", "required": True},
            "host": {"type": "str"},
            "image": {"type": "str"},
            "archive": {"type": "path", "default": ""},
            "lifetime": {"type": "int", "default": 900},
            "port": {"type": "int", "default": 8080},
            "peers": {
                "type": "list",
                "elements": "dict",
                "options": {
                    "name": {"type": "str", "required": True},
                    "address": {"type": "str", "required": True},
                },
            },
            "echoes": {"type": "int", "default": 5},
            "timeout": {"type": "int", "default": 3},
            "attempts": {"type": "int", "default": 3},
            "seconds": {"type": "int", "default": 2},
        },
        required_if=[
            ("state", "started", ("host", "image")),
            ("state", "probed", ("peers",)),
            ("state", "measured", ("peers",)),
        ],
        supports_check_mode=True,
    )
    try:
        result = Probe(module).run()
    except (ContainerError, OSError, ValueError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
