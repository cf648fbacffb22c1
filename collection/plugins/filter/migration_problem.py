# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Internal: the filter `weft.overlay.migration_problem`, for the playbook migrate_backend."""

from __future__ import annotations

DOCUMENTATION = r"""
name: migration_problem
short_description: "Internal: find why two backends cannot be active at the same time"
version_added: 1.0.0
description:
  - Internal to the playbook C(migrate_backend). Compares the published backend with the new one,
    both with all defaults, as M(weft.overlay.network_info) returns them.
positional: _input, new
options:
  _input:
    description: The published backend.
    type: dict
    required: true
  new:
    description: The new backend.
    type: dict
    required: true
author:
  - The weft developers (@weft)
"""

EXAMPLES = r"""
- name: Check that both backends can be active at the same time
  ansible.builtin.assert:
    that: published | weft.overlay.migration_problem(wanted) | length == 0
"""

RETURN = r"""
_value:
  description: The problem and the setting that fixes it. Empty if there is none.
  type: str
"""

from collections.abc import Mapping
from typing import Any


def migration_problem(published: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """Return why a fleet cannot migrate between the backends without an interruption."""
    types = (published["Type"], new["Type"])
    ports = (published.get("Port"), new.get("Port"))
    if types[0] == types[1]:
        if ports[0] == ports[1]:
            return ""
        return (
            f"overlay_backend changes the port of {types[0]} from {ports[0]} to {ports[1]}, and a "
            "host cannot use both ports at the same time. Migrate to another backend first and "
            "then back with the new port, or change the port of the whole fleet at once with "
            "site.yml, which interrupts traffic."
        )
    if ports[0] is not None and ports[0] == ports[1]:
        return (
            f"During the migration the backends {types[0]} and {types[1]} are both active on each "
            f"host, and overlay_backend gives {types[1]} the UDP port {ports[1]}, which {types[0]} "
            f"uses. Remove port from overlay_backend, so that {types[1]} uses its default port, or "
            "set another one; open that port between the hosts. Nothing was changed."
        )
    return ""


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Any]:
        """Return them by name."""
        return {"migration_problem": migration_problem}
