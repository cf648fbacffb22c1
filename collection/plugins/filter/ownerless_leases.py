# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Internal: the filter `weft.overlay.ownerless_leases`, the leases of no host of the inventory."""

from __future__ import annotations

DOCUMENTATION = r"""
name: ownerless_leases
short_description: "Internal: list the reservations of no host of the inventory"
version_added: 1.0.0
description:
  - Internal to the roles and playbooks. Takes the leases of M(weft.overlay.lease_info) and returns
    those that never expire and whose public IP no host of the inventory has.
positional: hosts, members
options:
  _input:
    description: The leases.
    type: list
    elements: dict
    required: true
  hosts:
    description: The variables of all hosts of the inventory.
    type: list
    elements: dict
    required: true
  members:
    description: The names of the hosts with weft.
    type: list
    elements: str
    required: true
  reserved:
    description: Subnets that this run has reserved for hosts.
    type: list
    elements: str
    default: []
author:
  - The weft developers (@weft)
"""

EXAMPLES = r"""
- name: Show the leases of no host
  ansible.builtin.debug:
    msg: >-
      {{ overlay.leases | weft.overlay.ownerless_leases(
         groups['all'] | map('extract', hostvars), groups['weft']) }}
"""

RETURN = r"""
_value:
  description:
    - C(leases) has the leases. C(unknown) has the names of the members whose public IP this run
      does not know, so that one of the leases may be theirs.
  type: dict
"""

from typing import Any

from ansible_collections.weft.overlay.plugins.plugin_utils.lease_owners import ownerless_leases


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Any]:
        """Return them by name."""
        return {"ownerless_leases": ownerless_leases}
