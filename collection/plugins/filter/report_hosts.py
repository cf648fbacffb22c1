# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Internal: the filter `weft.overlay.report_hosts`, the input of the report for each host."""

from __future__ import annotations

DOCUMENTATION = r"""
name: report_hosts
short_description: "Internal: collect what the playbook report has read of each host"
version_added: 1.0.0
description:
  - Internal to the playbook C(report). Reads the results that the playbook registers on each host,
    and returns the hosts for P(weft.overlay.fleet_report#filter).
options:
  _input:
    description: The variables of the hosts.
    type: list
    elements: dict
    required: true
author:
  - The weft developers (@weft)
"""

EXAMPLES = r"""
- name: Show the hosts of the report
  ansible.builtin.debug:
    msg: "{{ ansible_play_hosts_all | map('extract', hostvars) | weft.overlay.report_hosts }}"
"""

RETURN = r"""
_value:
  description:
    - One dictionary for each host, with C(name), C(facts), C(daemon), C(docker) and C(addresses).
    - C(addresses) has the possible public IPs, the most reliable first.
  type: list
  elements: dict
"""

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.weft.overlay.plugins.plugin_utils.variables import value_of


def report_hosts(hosts: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the results of each host. A host without facts counts as unreachable."""
    return [
        {
            "name": variables["inventory_hostname"],
            "facts": value_of(variables, "__report_facts") or {"unreachable": True},
            "daemon": value_of(variables, "__daemon_status") or {},
            "docker": value_of(variables, "__report_docker") or {},
            "addresses": [
                (value_of(variables, "overlay_host") or {}).get("public_ip") or "",
                value_of(variables, "overlay_public_ip") or "",
                value_of(variables, "ansible_host") or "",
                variables["inventory_hostname"],
            ],
        }
        for variables in hosts
    ]


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Any]:
        """Return them by name."""
        return {"report_hosts": report_hosts}
