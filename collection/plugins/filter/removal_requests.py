# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Internal: the filter `weft.overlay.removal_requests`, the leases of removed hosts."""

from __future__ import annotations

DOCUMENTATION = r"""
name: removal_requests
short_description: "Internal: list the leases and etcd users of removed hosts"
version_added: 1.0.0
description:
  - Internal to the playbook C(remove_host). Takes the variables of the hosts to remove, and returns
    what identifies each of them in etcd.
  - The public IP is that of the fact C(overlay_host). For an unreachable host it is, in this order,
    C(overlay_public_ip) and C(ansible_host) of the inventory, or the name of the host.
options:
  _input:
    description: The variables of the hosts.
    type: list
    elements: dict
    required: true
  unreachable:
    description: The names of the unreachable hosts.
    type: list
    elements: str
    default: []
author:
  - The weft developers (@weft)
"""

EXAMPLES = r"""
- name: Show the leases of two hosts
  ansible.builtin.debug:
    msg: >-
      {{ (['web3', 'web4'] | map('extract', hostvars)
          | weft.overlay.removal_requests(unreachable=['web4'])).requests }}
"""

RETURN = r"""
_value:
  description:
    - C(requests) has C(name) and C(public_ip) of each host, as M(weft.overlay.subnet_reservation)
      requires them. C(identities) has the names of their etcd users.
    - C(unconfirmed) has the requests of unreachable hosts for which the inventory does not set
      C(overlay_public_ip), so that the lease may have another address.
  type: dict
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from ansible_collections.weft.overlay.plugins.plugin_utils.variables import value_of


def removal_requests(
    hosts: Iterable[Mapping[str, Any]], unreachable: Collection[str] = ()
) -> dict[str, list[Any]]:
    """Return the requests, the names of the etcd users, and the requests to confirm."""
    requests, identities, unconfirmed = [], [], []
    for variables in hosts:
        name = str(variables["inventory_hostname"])
        configured = value_of(variables, "overlay_public_ip")
        public_ip = (
            (value_of(variables, "overlay_host") or {}).get("public_ip")
            or configured
            or value_of(variables, "ansible_host")
            or name
        )
        request = {"name": name, "public_ip": str(public_ip)}
        requests.append(request)
        identities.append(
            value_of(variables, "overlay_identity_name")
            or value_of(variables, "overlay_identity")
            or f"weft-host-{public_ip}"
        )
        if name in unreachable and configured is None:
            unconfirmed.append(request)
    return {"requests": requests, "identities": identities, "unconfirmed": unconfirmed}


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Any]:
        """Return them by name."""
        return {"removal_requests": removal_requests}
