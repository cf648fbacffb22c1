# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Internal: the filter `weft.overlay.hosts_to_upgrade`, the hosts without the bundled release."""

from __future__ import annotations

DOCUMENTATION = r"""
name: hosts_to_upgrade
short_description: "Internal: list the hosts that do not run the bundled release"
version_added: 1.0.0
description:
  - Internal to the playbook C(upgrade). Reads the results that the playbook registers on each host.
  - A host with an interrupted upgrade is included. A host without a release is not, because the
    playbook C(site) installs it.
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
- name: Show the hosts to upgrade
  ansible.builtin.debug:
    msg: "{{ ansible_play_hosts_all | map('extract', hostvars) | weft.overlay.hosts_to_upgrade }}"
"""

RETURN = r"""
_value:
  description: The names of the hosts in their order.
  type: list
  elements: str
"""

from collections.abc import Iterable, Mapping
from typing import Any


def hosts_to_upgrade(hosts: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the names of the hosts. Raises KeyError for a host without the results."""
    return [str(variables["inventory_hostname"]) for variables in hosts if _is_due(variables)]


def _is_due(variables: Mapping[str, Any]) -> bool:
    if variables["__upgrade_begun"]["stat"]["exists"]:
        return True
    running = variables["__upgrade_running"]["current"]
    return running not in (None, variables["__upgrade_bundled"]["current"])


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Any]:
        """Return them by name."""
        return {"hosts_to_upgrade": hosts_to_upgrade}
