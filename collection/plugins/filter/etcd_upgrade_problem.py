# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Internal: the filter `weft.overlay.etcd_upgrade_problem`, which checks an etcd upgrade."""

from __future__ import annotations

DOCUMENTATION = r"""
name: etcd_upgrade_problem
short_description: "Internal: return why an etcd cluster cannot be upgraded to a version"
version_added: 1.0.0
description:
  - Internal to the role P(weft.overlay.etcd#role). Rejects a version that is older than a running
    one, or more than one minor version newer.
positional: target
options:
  _input:
    description: The versions that the members run.
    type: list
    elements: str
    required: true
  target:
    description: The target version, of etcd or of its Debian package.
    type: str
    required: true
author:
  - The weft developers (@weft)
"""

EXAMPLES = r"""
- name: Check that etcd supports the upgrade
  ansible.builtin.assert:
    that: not ['3.4.23', '3.4.23'] | weft.overlay.etcd_upgrade_problem('3.5.16-4')
"""

RETURN = r"""
_value:
  description: The reason as a sentence, empty if the upgrade is possible.
  type: str
"""

from collections.abc import Sequence
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.weft.overlay.plugins.module_utils.etcd.cluster import (
    EtcdError,
)
from ansible_collections.weft.overlay.plugins.module_utils.etcd.versions import (
    parse_version,
    upgrade_problem,
)


def etcd_upgrade_problem(running: Sequence[str], target: str) -> str:
    """Return the reason. Raises AnsibleFilterError for a text that is not a version."""
    try:
        return upgrade_problem(map(parse_version, running), parse_version(target))
    except EtcdError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Any]:
        """Return them by name."""
        return {"etcd_upgrade_problem": etcd_upgrade_problem}
