#!/usr/bin/python
# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Internal: list the addresses that reply to echo requests."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ping_info
short_description: "Internal: list the addresses that reply to echo requests"
version_added: 1.0.0
author:
  - The weft developers (@weft)
description:
  - Internal to the role P(weft.overlay.adopt_flannel#role). Runs C(ping) for all addresses at the
    same time, and returns those that reply to at least one of five requests within three seconds.
extends_documentation_fragment:
  - weft.overlay.attributes
  - weft.overlay.attributes.info_module
options:
  addresses:
    description: The IPv4 addresses.
    type: list
    elements: str
    required: true
  source:
    description: The source address of the requests.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: List the bridges that reply
  weft.overlay.ping_info:
    addresses: [100.96.2.1, 100.96.3.1]
    source: 100.96.1.1
"""

RETURN = r"""
reachable:
  description: The addresses that reply, in the order of O(addresses).
  returned: success
  type: list
  elements: str
  sample: [100.96.2.1]
"""

from concurrent.futures import ThreadPoolExecutor

from ansible.module_utils.basic import AnsibleModule

# So many ping processes run at the same time.
_PROCESSES = 64


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "addresses": {"type": "list", "elements": "str", "required": True},
            "source": {"type": "str", "required": True},
        },
        supports_check_mode=True,
    )
    ping = module.get_bin_path("ping", required=True)
    options = ["-q", "-c", "5", "-i", "0.2", "-w", "3", "-I", module.params["source"]]

    def replies(address: str) -> bool:
        status, _output, _errors = module.run_command([ping, *options, address])
        return bool(status == 0)

    addresses = module.params["addresses"]
    with ThreadPoolExecutor(_PROCESSES) as pool:
        found = list(pool.map(replies, addresses))
    reachable = [address for address, replied in zip(addresses, found, strict=True) if replied]
    module.exit_json(changed=False, reachable=reachable)


if __name__ == "__main__":
    main()
