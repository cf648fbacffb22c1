# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Internal: the filter `weft.overlay.port_targets`, which lists the ports that a host tests."""

from __future__ import annotations

DOCUMENTATION = r"""
name: port_targets
short_description: "Internal: list the ports that a host tests on others"
version_added: 1.0.0
description:
  - Internal to the roles P(weft.overlay.etcd#role) and P(weft.overlay.overlay#role). Returns the
    ports of all other hosts, in a large fleet those of 32 of them.
positional: ports, host, hosts
options:
  _input:
    description: The address or the URL of each host, by its name.
    type: dict
    required: true
  ports:
    description: The ports, each with C(protocol), C(port) and C(setting).
    type: list
    elements: dict
    required: true
  host:
    description: The name of the host that tests.
    type: str
    required: true
  hosts:
    description: The names of the hosts to test; others are left out.
    type: list
    elements: str
    required: true
author:
  - The weft developers (@weft)
"""

EXAMPLES = r"""
- name: Show the ports to test
  ansible.builtin.debug:
    msg: >-
      {{ addresses | weft.overlay.port_targets(ports, inventory_hostname, ansible_play_hosts) }}
"""

RETURN = r"""
_value:
  description: The targets, as M(weft.overlay.port_probe_info) takes them.
  type: list
  elements: dict
"""

from typing import Any

from ansible_collections.weft.overlay.plugins.plugin_utils.reachability.targets import port_targets


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Any]:
        """Return them by name."""
        return {"port_targets": port_targets}
