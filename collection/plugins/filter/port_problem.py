# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Internal: the filter `weft.overlay.port_problem`, which reports blocked ports."""

from __future__ import annotations

DOCUMENTATION = r"""
name: port_problem
short_description: "Internal: report the ports that are blocked"
version_added: 1.0.0
description:
  - Internal to the role P(weft.overlay.reachability#role). Takes the result of
    P(weft.overlay.blocked_ports#filter).
positional: rules
options:
  _input:
    description: The blocked ports.
    type: list
    elements: dict
    required: true
  rules:
    description: The rules that M(weft.overlay.port_rule_info) returned on the other hosts.
    type: list
    elements: dict
    required: true
author:
  - The weft developers (@weft)
"""

EXAMPLES = r"""
- name: Show the problem
  ansible.builtin.debug:
    msg: "{{ blocked | weft.overlay.port_problem(rules) }}"
"""

RETURN = r"""
_value:
  description: The message, empty if no port is blocked.
  type: str
"""

from typing import Any

from ansible_collections.weft.overlay.plugins.plugin_utils.reachability.verdict import port_problem


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Any]:
        """Return them by name."""
        return {"port_problem": port_problem}
