#!/usr/bin/python
# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Internal: find what else uses the overlay's network on a host."""

from __future__ import annotations

DOCUMENTATION = r"""
module: network_conflict_info
short_description: "Internal: find what else uses the overlay's network on a host"
version_added: 1.0.0
author:
  - The weft developers (@weft)
description:
  - Internal to the role P(weft.overlay.overlay#role).
  - Finds addresses and routes inside the overlay's network that belong to other software, and
    firewall rules that drop a range which contains the network. Tailscale and NetBird use
    100.64.0.0/10.
  - Warns of each conflict on a host that already is a member of an overlay.
extends_documentation_fragment:
  - weft.overlay.attributes
  - weft.overlay.attributes.info_module
options:
  network:
    description: The overlay's network.
    type: str
    required: true
  address:
    description: The host's address in the underlay, or an empty string if it is not known.
    type: str
    required: true
  member_files:
    description: The host is a member of an overlay if one of these files exists.
    type: list
    elements: path
    default: [/etc/weft/weftd.json, /run/flannel/subnet.env]
"""

EXAMPLES = r"""
- name: Find what else uses the network
  weft.overlay.network_conflict_info:
    network: 10.80.0.0/16
    address: 192.0.2.11
"""

RETURN = r"""
conflicts:
  description: The conflicts, firewall rules first.
  returned: success
  type: list
  elements: dict
  sample: []
  contains:
    kind:
      description: One of V(address), V(route) and V(rule).
      type: str
    text:
      description: The address, the route or the rule, and its effect.
      type: str
    fix:
      description: The command or the setting that resolves the conflict.
      type: str
member:
  description: Whether the host already is a member of an overlay.
  returned: success
  type: bool
  sample: false
"""

import json
from ipaddress import IPv4Network
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.weft.overlay.plugins.module_utils.weft.kernel.network_conflicts import (
    find_conflicts,
)


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "network": {"type": "str", "required": True},
            "address": {"type": "str", "required": True},
            "member_files": {
                "type": "list",
                "elements": "path",
                "default": ["/etc/weft/weftd.json", "/run/flannel/subnet.env"],
            },
        },
        supports_check_mode=True,
    )
    try:
        network = IPv4Network(module.params["network"], strict=False)
    except ValueError as error:
        module.fail_json(msg=f"overlay_network is not an IPv4 network: {error}")
    addresses = _output(module, "ip", "-N", "-j", "-d", "-4", "address", "show")
    conflicts = find_conflicts(
        network,
        addresses,
        _output(module, "ip", "-N", "-j", "-4", "route", "show", "table", "all"),
        _output(module, "iptables-save", required=False),
        _interface_with(module.params["address"], addresses),
    )
    member = any(Path(path).exists() for path in module.params["member_files"])
    if member:
        for conflict in conflicts:
            module.warn(f"{conflict.text}. Fix: {conflict.fix}")
    module.exit_json(
        changed=False,
        conflicts=[
            {"kind": str(conflict.kind), "text": conflict.text, "fix": conflict.fix}
            for conflict in conflicts
        ],
        member=member,
    )


def _interface_with(address: str, addresses: str) -> str | None:
    """Return the interface that has an address, by the output of `ip -j address show`."""
    for link in json.loads(addresses):
        if any(entry.get("local") == address for entry in link.get("addr_info", ())):
            return str(link["ifname"])
    return None


def _output(module: AnsibleModule, program: str, *arguments: str, required: bool = True) -> str:
    """Return the output of a program; nothing if it is missing and not required."""
    path = module.get_bin_path(program, required=required)
    if path is None:
        return ""
    _code, output, _error = module.run_command([path, *arguments], check_rc=required)
    return str(output)


if __name__ == "__main__":
    main()
