# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Internal: the filter `weft.overlay.underlay_problem`, why the interface is not usable."""

from __future__ import annotations

DOCUMENTATION = r"""
name: underlay_problem
short_description: "Internal: return why interfaces and public IP do not fit a host"
version_added: 1.0.0
description:
  - Internal to the role P(weft.overlay.overlay#role). Takes the facts of a host and returns a
    message, or an empty string if they fit.
positional: interfaces, public_ip
options:
  _input:
    description: The facts of the host, C(ansible_facts).
    type: dict
    required: true
  interfaces:
    description: Names or addresses of interfaces, the first that the host has is selected.
    type: list
    elements: str
    required: true
  public_ip:
    description: The public IP of the host.
    type: str
    required: true
author:
  - The weft developers (@weft)
"""

EXAMPLES = r"""
- name: Check the interface
  ansible.builtin.assert:
    that: ansible_facts | weft.overlay.underlay_problem(['eth1'], '192.0.2.11') | length == 0
"""

RETURN = r"""
_value:
  description: The message.
  type: str
  sample: ""
"""

from typing import Any

from ansible_collections.weft.overlay.plugins.plugin_utils.underlay import underlay_problem


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Any]:
        """Return them by name."""
        return {"underlay_problem": underlay_problem}
