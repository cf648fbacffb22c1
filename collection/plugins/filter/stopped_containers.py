# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Internal: the filter `weft.overlay.stopped_containers`, what a restart of Docker stops."""

from __future__ import annotations

DOCUMENTATION = r"""
name: stopped_containers
short_description: "Internal: describe the containers that a restart of Docker stops"
version_added: 1.0.0
description:
  - Internal to the role P(weft.overlay.docker#role). Returns the name of each container that
    M(weft.overlay.docker_restart) returned, and what starts it again.
options:
  _input:
    description: The containers, each with C(name) and C(started_by).
    type: list
    elements: dict
    required: true
author:
  - The weft developers (@weft)
"""

EXAMPLES = r"""
- name: Show the containers that a restart stops
  ansible.builtin.debug:
    msg: "{{ predicted.containers | weft.overlay.stopped_containers | join(', ') }}"
"""

RETURN = r"""
_value:
  description: One text for each container.
  type: list
  elements: str
  sample: ["shop (weft starts it again)"]
"""

from collections.abc import Iterable, Mapping
from typing import Any

_STARTED_BY = {
    "docker": "Docker starts it again",
    "weft": "weft starts it again",
    "other": "not started again: it is removed when it stops",
}


def stopped_containers(containers: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the name of each container with what starts it again. Raises KeyError for others."""
    return [f"{each['name']} ({_STARTED_BY[each['started_by']]})" for each in containers]


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Any]:
        """Return them by name."""
        return {"stopped_containers": stopped_containers}
