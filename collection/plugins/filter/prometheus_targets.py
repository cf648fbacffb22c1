# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Internal: the filter `weft.overlay.prometheus_targets`, for file discovery."""

from __future__ import annotations

DOCUMENTATION = r"""
name: prometheus_targets
short_description: "Internal: list the hosts for Prometheus's file discovery"
version_added: 1.0.0
description:
  - Internal to the playbook C(monitoring). Returns a target group for each host that has the fact
    C(overlay_metrics_target).
positional: _input, fleet
options:
  _input:
    description: The variables of the hosts.
    type: list
    elements: dict
    required: true
  fleet:
    description: The label C(fleet) of each target.
    type: str
    required: true
author:
  - The weft developers (@weft)
"""

EXAMPLES = r"""
- name: Show the targets
  ansible.builtin.debug:
    msg: "{{ groups['weft'] | map('extract', hostvars) | weft.overlay.prometheus_targets('weft') }}"
"""

RETURN = r"""
_value:
  description: The target groups in the order of the hosts.
  type: list
  elements: dict
  sample: [{targets: ["192.0.2.21:19285"], labels: {host: web1, fleet: weft}}]
"""

from collections.abc import Iterable, Mapping
from typing import Any


def prometheus_targets(hosts: Iterable[Mapping[str, Any]], fleet: str) -> list[dict[str, Any]]:
    """Return the target groups of the hosts that have a metrics target."""
    return [
        {
            "targets": [variables["overlay_metrics_target"]],
            "labels": {"host": variables["inventory_hostname"], "fleet": fleet},
        }
        for variables in hosts
        if "overlay_metrics_target" in variables
    ]


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Any]:
        """Return them by name."""
        return {"prometheus_targets": prometheus_targets}
