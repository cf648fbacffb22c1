#!/usr/bin/python
# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Internal: find the firewall rules that reject packets to this host."""

from __future__ import annotations

DOCUMENTATION = r"""
module: port_rule_info
short_description: "Internal: find the firewall rules that reject packets to this host"
version_added: 1.0.0
author:
  - The weft developers (@weft)
description:
  - Internal to the role P(weft.overlay.reachability#role). Evaluates the chain INPUT of iptables
    for the first packet of a connection. Rules of nftables that iptables does not show are not
    read.
extends_documentation_fragment:
  - weft.overlay.attributes
  - weft.overlay.attributes.info_module
options:
  packets:
    description: The packets, as P(weft.overlay.blocked_ports#filter) lists them.
    type: list
    elements: dict
    required: true
    suboptions:
      source:
        description: The source address.
        type: str
        required: true
      address:
        description: The address of this host.
        type: str
        required: true
      protocol:
        description: The transport protocol.
        type: str
        choices: [tcp, udp]
        required: true
      port:
        description: The destination port.
        type: int
        required: true
      host:
        description: The inventory name of the host that sends them.
        type: str
      target:
        description: The inventory name of this host.
        type: str
      setting:
        description: The variable that sets the port.
        type: str
      error:
        description: Why there was no reply.
        type: str
"""

EXAMPLES = r"""
- name: Find the rule that rejects a member of etcd
  weft.overlay.port_rule_info:
    packets:
      - {source: 192.0.2.12, address: 192.0.2.11, protocol: tcp, port: 2380}
"""

RETURN = r"""
rules:
  description: The rejected packets, each with its rule or policy.
  returned: success
  type: list
  elements: dict
  sample:
    - source: 192.0.2.12
      address: 192.0.2.11
      protocol: tcp
      port: 2380
      rule: "-A INPUT -j REJECT --reject-with icmp-host-prohibited"
"""

import json
from ipaddress import IPv4Address
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.weft.overlay.plugins.module_utils.reachability.ports import (
    parse_port,
    port_options,
)
from ansible_collections.weft.overlay.plugins.module_utils.reachability.rules import (
    rejecting_rule,
)


def run(module: AnsibleModule) -> dict[str, Any]:
    """Return the module's result. Raises ValueError."""
    saved = module.get_bin_path("iptables-save", opt_dirs=["/usr/sbin", "/sbin"])
    if saved is None:
        return {"changed": False, "rules": []}
    _code, text, _errors = module.run_command([saved])
    rules = []
    for packet in module.params["packets"]:
        rule = rejecting_rule(
            str(text),
            IPv4Address(packet["source"]),
            IPv4Address(packet["address"]),
            _device(module, packet["address"]),
            parse_port(packet),
        )
        if rule:
            names = ("source", "address", "protocol", "port")
            rules.append({**{name: packet[name] for name in names}, "rule": rule})
    return {"changed": False, "rules": rules}


def _device(module: AnsibleModule, address: str) -> str:
    """Return the device that has the address, "" if there is none."""
    path = module.get_bin_path("ip", required=True, opt_dirs=["/usr/sbin", "/sbin"])
    _code, text, _errors = module.run_command([path, "-j", "address", "show", "to", address])
    return next((str(link["ifname"]) for link in json.loads(text or "[]") if link), "")


def main() -> None:
    """Run the module."""
    packet = {
        "source": {"type": "str", "required": True},
        "address": {"type": "str", "required": True},
        **port_options(),
        **{name: {"type": "str"} for name in ("host", "target", "setting", "error")},
    }
    module = AnsibleModule(
        argument_spec={
            "packets": {"type": "list", "elements": "dict", "required": True, "options": packet},
        },
        supports_check_mode=True,
    )
    try:
        result = run(module)
    except ValueError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
