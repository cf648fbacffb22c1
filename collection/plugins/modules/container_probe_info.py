#!/usr/bin/python
# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Probe the containers of other hosts from a container of this host."""

from __future__ import annotations

DOCUMENTATION = r"""
module: container_probe_info
short_description: Probe the containers of other hosts from a container of this host
version_added: 1.0.0
author:
  - The weft developers (@weft)
description:
  - Internal to the collection. The role P(weft.overlay.verify#role) uses it.
  - Sends probes from a container that M(weft.overlay.probe_container) has started to the containers
    that it has started on other hosts. Nothing on any host is changed.
  - Each peer is probed with ICMP echo requests, and with UDP and TCP to a port that is not
    published. The responder of the peer returns its host name and the source address that it
    received. The path MTU, in the direction of the peer, is searched with UDP datagrams that must
    not be fragmented.
  - The probes are sent from sockets that the host's Python opens in the network namespace of the
    container.
extends_documentation_fragment:
  - weft.overlay.attributes
  - weft.overlay.attributes.info_module
options:
  container:
    description: The name of the container on this host from which to probe.
    type: str
    required: true
  probes:
    description:
      - Which probes to run.
      - V(reachability) probes all O(peers) at the same time.
      - V(throughput) sends data to each of O(peers) over one TCP connection, one peer after the
        other.
    type: list
    elements: str
    choices: [reachability, throughput]
    default: [reachability]
  port:
    description: The TCP and UDP port of the responders.
    type: int
    default: 8080
  peers:
    description: The other hosts.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: The host name in the replies of the peer's responder.
        type: str
        required: true
      address:
        description: The IPv4 address of the peer's container.
        type: str
        required: true
  echoes:
    description: The number of echo requests to each peer, from 1 to 100.
    type: int
    default: 5
  timeout:
    description: The timeout in seconds of one attempt, from 1 to 60.
    type: int
    default: 3
  attempts:
    description: The number of UDP and of TCP attempts before a probe counts as failed, from 1 to
      10.
    type: int
    default: 3
  seconds:
    description: The time in seconds for which the throughput probe sends to each peer, from 1 to
      60.
    type: int
    default: 2
seealso:
  - module: weft.overlay.probe_container
"""

EXAMPLES = r"""
- name: Probe the container of another host
  weft.overlay.container_probe_info:
    container: weft-verify-1
    peers:
      - name: docker2
        address: 100.96.2.2
  register: probed

- name: Measure the throughput to the container of another host
  weft.overlay.container_probe_info:
    container: weft-verify-1
    probes: [throughput]
    peers:
      - name: docker2
        address: 100.96.2.2
  register: measured
"""

RETURN = r"""
observations:
  description: The results of the reachability probes, one entry for each peer.
  returned: O(probes) contains V(reachability)
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
      description: The number of echo requests sent.
      type: int
    received:
      description: The number of echo replies received.
      type: int
    round_trip_ms:
      description: C(min), C(median) and C(max) of the round-trip times in milliseconds. Null
        without a reply.
      type: dict
    echo_error:
      description: The error of an echo request. Empty if there was none.
      type: str
    udp:
      description: C(name), the host that replied over UDP; C(source), the source address that it
        received; and C(error), the reason if there was no reply.
      type: dict
    tcp:
      description: The same over TCP.
      type: dict
    path_mtu:
      description: The largest packet that reaches the peer unfragmented, in bytes. Null if none
        does.
      type: int
    path_mtu_told_by:
      description: The address of the router that reported the path MTU. Empty if none did.
      type: str
    expected_mtu:
      description: The MTU of the device of this host's container, in bytes.
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
  description: The results of the throughput probes, one entry for each peer.
  returned: O(probes) contains V(throughput)
  type: list
  elements: dict
  contains:
    name:
      description: The peer's name, as given.
      type: str
    mbit:
      description: The received data in Mbit/s (10^6). Null if the measurement failed.
      type: float
    error:
      description: Why the measurement failed. Empty if it did not.
      type: str
  sample: [{name: docker2, mbit: 812.4, error: ""}]
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.weft.overlay.plugins.module_utils.verification import connections
from ansible_collections.weft.overlay.plugins.module_utils.verification.bounds import check_bounds
from ansible_collections.weft.overlay.plugins.module_utils.verification.container import (
    ContainerClient,
    ContainerError,
)
from ansible_collections.weft.overlay.plugins.module_utils.verification.network_namespace import (
    device_mtu,
    enter_network_namespace,
)
from ansible_collections.weft.overlay.plugins.module_utils.verification.probes import (
    Peer,
    ProbeSettings,
    probe_peers,
)

BOUNDS = {
    "port": (1, 65535),
    "echoes": (1, 100),
    "timeout": (1, 60),
    "attempts": (1, 10),
    "seconds": (1, 60),
}


class ContainerProbeInfo:
    """Runs the probes in the network namespace of the container."""

    def __init__(self, module: AnsibleModule) -> None:
        self.module = module
        self.params = module.params

    def run(self) -> dict[str, Any]:
        """Return the module's result."""
        check_bounds(self.params, BOUNDS)
        container = ContainerClient(
            self.params["container"], self.module.get_bin_path("docker", required=True), self._run
        ).inspect_running()
        enter_network_namespace(container.network_namespace)
        peers = [Peer(peer["name"], peer["address"]) for peer in self.params["peers"]]
        result: dict[str, Any] = {"changed": False}
        if "reachability" in self.params["probes"]:
            observations = probe_peers(peers, self._settings(), device_mtu(container.address))
            result["observations"] = [each.document() for each in observations]
        if "throughput" in self.params["probes"]:
            result["throughput"] = [self._throughput(peer) for peer in peers]
        return result

    def _settings(self) -> ProbeSettings:
        params = self.params
        return ProbeSettings(
            params["port"], params["echoes"], params["timeout"], params["attempts"]
        )

    def _throughput(self, peer: Peer) -> dict[str, Any]:
        params = self.params
        try:
            mbit = connections.measure_throughput(
                peer.address, params["port"], params["seconds"], params["timeout"]
            )
        except (OSError, ValueError) as error:
            return {"name": peer.name, "mbit": None, "error": str(error)}
        return {"name": peer.name, "mbit": round(mbit, 1), "error": ""}

    def _run(self, command: list[str]) -> tuple[int, str, str]:
        code, output, errors = self.module.run_command(command)
        return int(code), str(output), str(errors)


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "container": {"type": "str", "required": True},
            "probes": {
                "type": "list",
                "elements": "str",
                "choices": ["reachability", "throughput"],
                "default": ["reachability"],
            },
            "port": {"type": "int", "default": 8080},
            "peers": {
                "type": "list",
                "elements": "dict",
                "required": True,
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
        supports_check_mode=True,
    )
    try:
        result = ContainerProbeInfo(module).run()
    except (ContainerError, OSError, ValueError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
