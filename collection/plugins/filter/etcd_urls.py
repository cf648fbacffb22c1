# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter `weft.overlay.etcd_urls`: where the members of a group of hosts are reached."""

from __future__ import annotations

DOCUMENTATION = r"""
name: etcd_urls
short_description: Say under which URLs the members of etcd are reached
version_added: 1.0.0
description:
  - Takes the variables of hosts and returns the client URL of each. The address is C(etcd_address),
    else that of the interface of the default route by the host's facts.
  - A host that nobody could ask has the URL that the cluster's members know of it, else the IPv4
    address by which the inventory reaches it (C(ansible_host), or its name). Where there is none
    either, it is left out.
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
- name: Show where the store is reached
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

from jinja2.exceptions import UndefinedError


def etcd_urls(
    hosts: Iterable[Mapping[str, Any]],
    scheme: str,
    port: int = 2379,
    members: Sequence[Mapping[str, Any]] = (),
) -> dict[str, str]:
    """Return the URL of each host whose address is known, by the host's name."""
    told = {member["name"]: member["client_urls"][0] for member in members if member["client_urls"]}
    urls = {}
    for variables in hosts:
        name = str(variables["inventory_hostname"])
        address = _own_address(variables)
        if not address and name in told:
            urls[name] = str(told[name])
        elif address := address or _way_there(variables):
            urls[name] = f"{scheme}://{address}:{_known(variables, 'etcd_client_port') or port}"
    return urls


def _own_address(variables: Mapping[str, Any]) -> str:
    """Where the host listens, by its variables and facts, or nothing."""
    route = (_known(variables, "ansible_facts") or {}).get("default_ipv4") or {}
    return str(_known(variables, "etcd_address") or route.get("address") or "")


def _way_there(variables: Mapping[str, Any]) -> str:
    """The IPv4 address by which Ansible reaches the host, or nothing where it has a name."""
    address = str(_known(variables, "ansible_host") or variables["inventory_hostname"])
    try:
        return str(ipaddress.IPv4Address(address))
    except ipaddress.AddressValueError:
        return ""


def _known(variables: Mapping[str, Any], name: str) -> Any:
    """A variable, or None where it is made of facts that the host could not be asked for."""
    try:
        return variables.get(name)
    except UndefinedError:
        return None


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Any]:
        """Return them by name."""
        return {"etcd_urls": etcd_urls}
