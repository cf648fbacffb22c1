# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Internal: the filter `weft.overlay.former_address`, the public IP that a host had before."""

from __future__ import annotations

DOCUMENTATION = r"""
name: former_address
short_description: "Internal: return the public IP that a host had before"
version_added: 1.0.0
description:
  - Internal to the role P(weft.overlay.overlay#role). Takes the facts of a host and returns the
    public IP that an earlier run gave to it, if that is not the present one.
  - It returns an empty string if another host has the address, as the original of a clone.
positional: public_ip, others
options:
  _input:
    description: The facts of the host, C(ansible_facts).
    type: dict
    required: true
  public_ip:
    description: The present public IP of the host.
    type: str
    required: true
  others:
    description: The variables of the other hosts of the inventory.
    type: list
    elements: dict
    required: true
author:
  - The weft developers (@weft)
"""

EXAMPLES = r"""
- name: Show the former address of the host
  ansible.builtin.debug:
    msg: "{{ ansible_facts | weft.overlay.former_address('192.0.2.11', []) }}"
"""

RETURN = r"""
_value:
  description: The address.
  type: str
  sample: 192.0.2.12
"""

from typing import Any

from ansible_collections.weft.overlay.plugins.plugin_utils.underlay import former_address


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Any]:
        """Return them by name."""
        return {"former_address": former_address}
