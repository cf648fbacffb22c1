# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Internal: the filter `weft.overlay.lease_conflicts`, for the playbook restore."""

from __future__ import annotations

DOCUMENTATION = r"""
name: lease_conflicts
short_description: "Internal: return the leases in etcd that prevent other leases"
version_added: 1.0.0
description:
  - Internal to the playbook C(weft.overlay.restore). A lease in etcd conflicts with the leases of a
    backup if the backup assigns its subnet to another host, or another subnet to its host.
positional: _input, restored
options:
  _input:
    description: The leases in etcd, as M(weft.overlay.lease_info) returns them.
    type: list
    elements: dict
    required: true
  restored:
    description: The leases of the backup, each with C(subnet) and C(public_ip).
    type: list
    elements: dict
    required: true
author:
  - The weft developers (@weft)
"""

EXAMPLES = r"""
- name: Show which leases are released before a restore
  ansible.builtin.debug:
    msg: "{{ etcd.leases | weft.overlay.lease_conflicts(backup.leases) }}"
"""

RETURN = r"""
_value:
  description: The conflicting leases in etcd, in the given order.
  type: list
  elements: dict
"""

from collections.abc import Iterable, Mapping
from typing import Any


def lease_conflicts(
    leases: Iterable[Mapping[str, Any]], restored: Iterable[Mapping[str, Any]]
) -> list[Mapping[str, Any]]:
    """Return the leases whose subnet or host the restored leases assign otherwise."""
    holders = {lease["subnet"]: lease["public_ip"] for lease in restored}
    hosts = set(holders.values())
    return [
        lease
        for lease in leases
        if holders.get(lease["subnet"]) != lease["public_ip"]
        and (lease["subnet"] in holders or lease["public_ip"] in hosts)
    ]


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Any]:
        """Return them by name."""
        return {"lease_conflicts": lease_conflicts}
