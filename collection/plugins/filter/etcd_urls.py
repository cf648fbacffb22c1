# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Internal: the filter `weft.overlay.etcd_urls`, the client URLs of the etcd members."""

from __future__ import annotations

DOCUMENTATION = r"""
name: etcd_urls
short_description: "Internal: return the client URLs of the etcd members"
version_added: 1.0.0
description:
  - Internal to the roles and playbooks. Takes the variables of hosts and returns the client URL of
    each. The address is C(etcd_address), else the one that an earlier run gave to the host, else
    that of the interface of the default route in the host's facts.
  - Without facts, the URL is the one in the member list, else it has the IPv4 address of the
    inventory (C(ansible_host), or the name of the host). A host without any of these is omitted.
positional: scheme
options:
  _input:
    description: The variables of the hosts, in the inventory's order.
    type: list
    elements: dict
    required: true
  scheme:
    description: C(http) or C(https).
    type: str
    required: true
  port:
    description: The client port of a host without the variable C(etcd_client_port).
    type: int
    default: 2379
  members:
    description: The members of the cluster, as M(weft.overlay.etcd_member_info) returns them.
    type: list
    elements: dict
    default: []
author:
  - The weft developers (@weft)
"""

EXAMPLES = r"""
- name: Show the client URLs of etcd
  ansible.builtin.debug:
    msg: "{{ groups['weft_etcd'] | map('extract', hostvars) | weft.overlay.etcd_urls('https') }}"
"""

RETURN = r"""
_value:
  description: The URL of each host by its name, such as C(https://192.0.2.11:2379), in their order.
  type: dict
"""

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.weft.overlay.plugins.plugin_utils.underlay import underlay_address
from ansible_collections.weft.overlay.plugins.plugin_utils.variables import value_of


def etcd_urls(
    hosts: Iterable[Mapping[str, Any]],
    scheme: str,
    port: int = 2379,
    members: Sequence[Mapping[str, Any]] = (),
) -> dict[str, str]:
    """Return the URL of each host whose address is known, by the host's name."""
    listed = {
        member["name"]: member["client_urls"][0] for member in members if member["client_urls"]
    }
    urls = {}
    for variables in hosts:
        name = str(variables["inventory_hostname"])
        address = _own_address(variables)
        if not address and name in listed:
            urls[name] = str(listed[name])
        elif address := address or _inventory_address(variables):
            urls[name] = f"{scheme}://{address}:{value_of(variables, 'etcd_client_port') or port}"
    return urls


def _own_address(variables: Mapping[str, Any]) -> str:
    """Return the address of the host by its variables and facts, or an empty string."""
    facts = value_of(variables, "ansible_facts") or {}
    return str(value_of(variables, "etcd_address") or underlay_address(facts, record="weft_etcd"))


def _inventory_address(variables: Mapping[str, Any]) -> str:
    """Return the IPv4 address of the host in the inventory, or an empty string."""
    address = str(value_of(variables, "ansible_host") or variables["inventory_hostname"])
    try:
        return str(ipaddress.IPv4Address(address))
    except ipaddress.AddressValueError:
        return ""


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Any]:
        """Return them by name."""
        return {"etcd_urls": etcd_urls}
