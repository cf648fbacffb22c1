# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter `weft.overlay.throughput_pairs`: between which hosts throughput is measured."""

from __future__ import annotations

DOCUMENTATION = r"""
name: throughput_pairs
short_description: Choose the pairs of hosts between which to measure the throughput
version_added: 1.0.0
description:
  - Internal to the collection. The role P(weft.overlay.verify#role) uses it.
  - Returns at most O(count) ordered pairs of hosts. First each host sends to the next host, then to
    the host after the next, and so on.
positional: _input, count
options:
  _input:
    description: The names of the hosts.
    type: list
    elements: str
    required: true
  count:
    description: The number of pairs.
    type: int
    required: true
author:
  - The weft developers (@weft)
"""

EXAMPLES = r"""
- name: Show two pairs
  ansible.builtin.debug:
    msg: "{{ ['docker1', 'docker2', 'docker3'] | weft.overlay.throughput_pairs(2) }}"
"""

RETURN = r"""
_value:
  description: The pairs, each a list of the sender and the receiver.
  type: list
  elements: list
  sample: [[docker1, docker2], [docker2, docker3]]
"""

from collections.abc import Sequence
from typing import Any

from ansible_collections.weft.overlay.plugins.plugin_utils.verification.throughput import (
    choose_pairs,
)


def throughput_pairs(names: Sequence[str], count: int) -> list[list[str]]:
    """Return the pairs as lists."""
    return [list(pair) for pair in choose_pairs(names, int(count))]


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Any]:
        """Return them by name."""
        return {"throughput_pairs": throughput_pairs}
