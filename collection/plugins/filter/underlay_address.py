# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Internal: the filter `weft.overlay.underlay_address`, the address of a host in the underlay."""

from __future__ import annotations

DOCUMENTATION = r"""
name: underlay_address
short_description: "Internal: select the address by which other hosts reach a host"
version_added: 1.0.0
description:
  - Internal to the roles P(weft.overlay.overlay#role) and P(weft.overlay.etcd#role). Takes the
    facts of a host and returns an IPv4 address, or an empty string.
  - With O(interfaces), it is an address of the first of them that the host has. Otherwise it is the
    address that an earlier run gave to the host, while an interface has it, so that another default
    route does not move the host. Otherwise it is that of the default route.
positional: interfaces
options:
  _input:
    description: The facts of the host, C(ansible_facts).
    type: dict
    required: true
  interfaces:
    description: Names or addresses of interfaces, the first that the host has is selected.
    type: list
    elements: str
    default: []
  record:
    description: The local facts with the address of the earlier run.
    type: str
    choices: [weft, weft_etcd]
    default: weft
author:
  - The weft developers (@weft)
"""

EXAMPLES = r"""
- name: Show the address of the host
  ansible.builtin.debug:
    msg: "{{ ansible_facts | weft.overlay.underlay_address(['eth1']) }}"
"""

RETURN = r"""
_value:
  description: The address.
  type: str
  sample: 192.0.2.11
"""

from typing import Any

from ansible_collections.weft.overlay.plugins.plugin_utils.underlay import underlay_address


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Any]:
        """Return them by name."""
        return {"underlay_address": underlay_address}
