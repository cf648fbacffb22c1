# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Internal: the filter `weft.overlay.renamed_variable`, for the old names of variables."""

from __future__ import annotations

DOCUMENTATION = r"""
name: renamed_variable
short_description: "Internal: read a playbook variable by its old name, with a deprecation warning"
version_added: 1.0.0
description:
  - Internal to the playbooks of this collection. Returns its input unchanged, and warns that the
    variable has another name.
  - An undefined variable stays undefined and causes no warning, so that
    P(ansible.builtin.default#filter) can follow.
positional: _input, old, new
options:
  _input:
    description: The value of the variable with the old name.
    type: raw
    required: true
  old:
    description: The old name.
    type: str
    required: true
  new:
    description: The new name.
    type: str
    required: true
author:
  - The weft developers (@weft)
"""

EXAMPLES = r"""
- name: Show which hosts are removed
  ansible.builtin.debug:
    msg: >-
      {{ remove_hosts
         | default(host | weft.overlay.renamed_variable('host', 'remove_hosts'))
         | default('none') }}
"""

RETURN = r"""
_value:
  description: The input.
  type: raw
"""

from typing import Any

from ansible.utils.display import Display


def renamed_variable(value: Any, old: str, new: str) -> Any:
    """Return the value, and display a deprecation warning that names both variables."""
    Display().deprecated(
        f"The variable {old} is now {new}.",
        version="2.0.0",
        collection_name="weft.overlay",
        help_text=f"Set {new} instead of {old}.",
    )
    return value


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Any]:
        """Return them by name."""
        return {"renamed_variable": renamed_variable}
