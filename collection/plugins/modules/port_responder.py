#!/usr/bin/python
# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Internal: reply on the ports that a host is going to serve."""

from __future__ import annotations

DOCUMENTATION = r"""
module: port_responder
short_description: "Internal: reply on the ports that a host is going to serve"
version_added: 1.0.0
author:
  - The weft developers (@weft)
description:
  - Internal to the role P(weft.overlay.reachability#role). Starts a process that accepts
    connections and echoes datagrams on those of the ports that are free, or ends it.
  - Nothing is written. The process ends after O(lifetime) in any case.
extends_documentation_fragment:
  - weft.overlay.attributes
attributes:
  check_mode:
    support: full
    details:
      - The process also runs in check mode, since it changes nothing on the host.
  diff_mode:
    support: none
options:
  state:
    description: Whether the process runs.
    type: str
    choices: [present, absent]
    default: present
  ports:
    description: The ports.
    type: list
    elements: dict
    default: []
    suboptions:
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
        description: The variable that sets the port.
        type: str
  lifetime:
    description: Seconds after which the process ends.
    type: int
    default: 120
seealso:
  - module: weft.overlay.port_probe_info
"""

EXAMPLES = r"""
- name: Reply on the ports of etcd
  weft.overlay.port_responder:
    ports:
      - {protocol: tcp, port: 2379}
      - {protocol: tcp, port: 2380}

- name: End the process
  weft.overlay.port_responder:
    state: absent
"""

RETURN = r"""
served:
  description: The ports on which the process replies.
  returned: O(state=present)
  type: list
  elements: dict
  sample:
    - protocol: tcp
      port: 2380
in_use:
  description: The ports that another program has.
  returned: O(state=present)
  type: list
  elements: dict
  sample:
    - protocol: tcp
      port: 2379
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.weft.overlay.plugins.module_utils.reachability.ports import (
    parse_port,
    port_options,
)
from ansible_collections.weft.overlay.plugins.module_utils.reachability.responder import (
    open_ports,
    serve_in_background,
    stop,
)


def run(module: AnsibleModule) -> dict[str, Any]:
    """Return the module's result. Raises OSError, ValueError."""
    ports = dict.fromkeys(map(parse_port, module.params["ports"]))
    # Of an interrupted run.
    stop()
    if module.params["state"] == "absent":
        return {"changed": False}
    opened = open_ports(ports)
    result = {
        # The process is gone at the end of the run.
        "changed": False,
        "served": [port.document() for port in opened.served],
        "in_use": [port.document() for port in opened.in_use],
    }
    serve_in_background(opened, module.params["lifetime"])
    return result


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "ports": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "options": {**port_options(), "setting": {"type": "str"}},
            },
            "lifetime": {"type": "int", "default": 120},
        },
        supports_check_mode=True,
    )
    try:
        result = run(module)
    except (OSError, ValueError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
