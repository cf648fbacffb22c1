# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Internal: the filter `weft.overlay.backend_ports`, which lists the UDP ports of backends."""

from __future__ import annotations

DOCUMENTATION = r"""
name: backend_ports
short_description: "Internal: list the UDP ports of backends"
version_added: 1.0.0
description:
  - Internal to the role P(weft.overlay.overlay#role).
options:
  _input:
    description: The backends, each in the form of C(overlay_backend).
    type: list
    elements: dict
    required: true
author:
  - The weft developers (@weft)
"""

EXAMPLES = r"""
- name: Show the port of the backend
  ansible.builtin.debug:
    msg: "{{ [overlay_backend] | weft.overlay.backend_ports }}"
"""

RETURN = r"""
_value:
  description: Each port with C(protocol), C(port) and C(setting).
  type: list
  elements: dict
"""

from typing import Any

from ansible_collections.weft.overlay.plugins.plugin_utils.reachability.targets import (
    backend_ports,
)


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Any]:
        """Return them by name."""
        return {"backend_ports": backend_ports}
