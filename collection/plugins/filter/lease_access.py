# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Internal: the filter `weft.overlay.lease_access`, the etcd users and roles of the hosts."""

from __future__ import annotations

DOCUMENTATION = r"""
name: lease_access
short_description: "Internal: list the etcd users and roles by which hosts write their leases"
version_added: 1.0.0
description:
  - Internal to the role P(weft.overlay.overlay#role). Takes the reservations that
    M(weft.overlay.subnet_reservation) returned, and returns options of
    M(weft.overlay.store_access).
  - The role of a host may read all keys of the network and write the key of its own lease.
positional: _input, identities
options:
  _input:
    description: The reservations by host, each with its C(key).
    type: dict
    required: true
  identities:
    description: The name of the etcd user of each host, in the order of the result.
    type: dict
    required: true
  prefix:
    description: The prefix of all keys of the network.
    type: str
    required: true
author:
  - The weft developers (@weft)
"""

EXAMPLES = r"""
- name: Show the users and roles
  ansible.builtin.debug:
    msg: >-
      {{ reserved.reservations
         | weft.overlay.lease_access({'web1': 'weft-web1'}, prefix='/coreos.com/network') }}
"""

RETURN = r"""
_value:
  description: The lists C(roles) and C(users).
  type: dict
"""

from collections.abc import Mapping
from typing import Any


def lease_access(
    reservations: Mapping[str, Mapping[str, Any]], identities: Mapping[str, str], prefix: str
) -> dict[str, list[dict[str, Any]]]:
    """Return the roles and users of the hosts that have a reservation."""
    keys = {
        name: reservations[host]["key"] for host, name in identities.items() if host in reservations
    }
    network = {"key": f"{prefix}/", "prefix": True, "access": "read"}
    return {
        "roles": [
            {"name": name, "permissions": [network, {"key": key, "access": "write"}]}
            for name, key in keys.items()
        ],
        "users": [{"name": name, "roles": [name]} for name in keys],
    }


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Any]:
        """Return them by name."""
        return {"lease_access": lease_access}
