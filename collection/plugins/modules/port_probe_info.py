#!/usr/bin/python
# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Internal: test ports of other hosts."""

from __future__ import annotations

DOCUMENTATION = r"""
module: port_probe_info
short_description: "Internal: test ports of other hosts"
version_added: 1.0.0
author:
  - The weft developers (@weft)
description:
  - Internal to the role P(weft.overlay.reachability#role). Connects to TCP ports, and sends
    datagrams to UDP ports on which M(weft.overlay.port_responder) replies, all at the same time.
extends_documentation_fragment:
  - weft.overlay.attributes
  - weft.overlay.attributes.info_module
options:
  targets:
    description: The ports.
    type: list
    elements: dict
    required: true
    suboptions:
      host:
        description: The inventory name of the host that serves the port.
        type: str
        required: true
      address:
        description: The IPv4 address of the host.
        type: str
        required: true
      protocol:
        description: The transport protocol.
        type: str
        choices: [tcp, udp]
        required: true
      port:
        description: The port.
        type: int
        required: true
      setting:
        description: The variable that sets the port, for messages.
        type: str
        default: ""
  timeout:
    description: Seconds to wait for a reply.
    type: float
    default: 3
seealso:
  - module: weft.overlay.port_responder
"""

EXAMPLES = r"""
- name: Test the peer port of an etcd host
  weft.overlay.port_probe_info:
    targets:
      - {host: etcd1, address: 192.0.2.11, protocol: tcp, port: 2380, setting: etcd_peer_port}
"""

RETURN = r"""
probes:
  description: The results, in the order of O(targets).
  returned: success
  type: list
  elements: dict
  sample:
    - host: etcd1
      address: 192.0.2.11
      protocol: tcp
      port: 2380
      setting: etcd_peer_port
      source: 192.0.2.12
      error: No route to host
  contains:
    host:
      description: The inventory name of the host.
      type: str
    address:
      description: The address of the host.
      type: str
    protocol:
      description: The transport protocol.
      type: str
    port:
      description: The port.
      type: int
    setting:
      description: The variable that sets the port.
      type: str
    source:
      description: The address from which this host sent, empty if there is no route.
      type: str
    error:
      description: Why there was no reply, empty if there was one.
      type: str
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.weft.overlay.plugins.module_utils.reachability.ports import (
    parse_port,
    port_options,
)
from ansible_collections.weft.overlay.plugins.module_utils.reachability.probe import probe_ports


def main() -> None:
    """Run the module."""
    target = {
        "host": {"type": "str", "required": True},
        "address": {"type": "str", "required": True},
        "setting": {"type": "str", "default": ""},
        **port_options(),
    }
    module = AnsibleModule(
        argument_spec={
            "targets": {"type": "list", "elements": "dict", "required": True, "options": target},
            "timeout": {"type": "float", "default": 3},
        },
        supports_check_mode=True,
    )
    targets = module.params["targets"]
    try:
        ports = [(each["address"], parse_port(each)) for each in targets]
    except ValueError as error:
        module.fail_json(msg=str(error))
    probed = probe_ports(ports, module.params["timeout"])
    module.exit_json(
        changed=False,
        probes=[
            {**each, "source": result.source, "error": result.error}
            for each, result in zip(targets, probed, strict=True)
        ],
    )


if __name__ == "__main__":
    main()
