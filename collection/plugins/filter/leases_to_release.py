# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Internal: the filter `weft.overlay.leases_to_release`, leases by public IP or subnet."""

from __future__ import annotations

DOCUMENTATION = r"""
name: leases_to_release
short_description: "Internal: select the leases of hosts that the inventory does not have"
version_added: 1.0.0
description:
  - Internal to the playbook C(remove_host). Takes the leases of M(weft.overlay.lease_info) and
    returns what identifies the selected ones in etcd.
positional: names, hosts
options:
  _input:
    description: The leases.
    type: list
    elements: dict
    required: true
  names:
    description: Public IPs or subnets of leases.
    type: list
    elements: str
    required: true
  hosts:
    description: The variables of all hosts of the inventory.
    type: list
    elements: dict
    required: true
author:
  - The weft developers (@weft)
"""

EXAMPLES = r"""
- name: Show how to release the leases of an address
  ansible.builtin.debug:
    msg: >-
      {{ overlay.leases | weft.overlay.leases_to_release(
         ['192.0.2.14'], groups['all'] | map('extract', hostvars)) }}
"""

RETURN = r"""
_value:
  description:
    - C(requests) is the option O(weft.overlay.subnet_reservation#module:hosts) that releases the
      leases. C(identities) has the etcd users of their hosts.
    - C(problems) says why names select no lease, or that of a host of the inventory.
  type: dict
"""

from typing import Any

from ansible_collections.weft.overlay.plugins.plugin_utils.lease_owners import leases_to_release


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Any]:
        """Return them by name."""
        return {"leases_to_release": leases_to_release}
