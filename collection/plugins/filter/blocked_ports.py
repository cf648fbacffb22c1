# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Internal: the filter `weft.overlay.blocked_ports`, which lists the ports that are blocked."""

from __future__ import annotations

DOCUMENTATION = r"""
name: blocked_ports
short_description: "Internal: list the ports between hosts that are blocked"
version_added: 1.0.0
description:
  - Internal to the role P(weft.overlay.reachability#role). Takes the variables of the hosts of the
    play, with the results of M(weft.overlay.port_responder) and M(weft.overlay.port_probe_info).
options:
  _input:
    description: The variables of each host.
    type: list
    elements: dict
    required: true
author:
  - The weft developers (@weft)
"""

EXAMPLES = r"""
- name: Show the blocked ports
  ansible.builtin.debug:
    msg: "{{ ansible_play_hosts | map('extract', hostvars) | weft.overlay.blocked_ports }}"
"""

RETURN = r"""
_value:
  description:
    - Each blocked port with C(host), C(source), C(target), C(address), C(protocol), C(port),
      C(setting) and C(error).
  type: list
  elements: dict
"""

from typing import Any

from ansible_collections.weft.overlay.plugins.plugin_utils.reachability.verdict import blocked_ports


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Any]:
        """Return them by name."""
        return {"blocked_ports": blocked_ports}
