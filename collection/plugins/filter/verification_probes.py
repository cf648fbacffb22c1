# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Internal: the filter `weft.overlay.verification_probes`, the input of `verification`."""

from __future__ import annotations

DOCUMENTATION = r"""
name: verification_probes
short_description: "Internal: collect the probe results of the hosts of the role verify"
version_added: 1.0.0
description:
  - Internal to the role P(weft.overlay.verify#role). Reads the results that the role registers on
    each host, and returns the input of P(weft.overlay.verification#filter).
options:
  _input:
    description: The variables of the hosts.
    type: list
    elements: dict
    required: true
  present:
    description: The names of the hosts that are still in the play.
    type: list
    elements: str
    required: true
  outside:
    description:
      - The results of the loops over hosts outside of the play, as C(started), C(probed) and
        C(absent).
    type: dict
    default: {}
author:
  - The weft developers (@weft)
"""

EXAMPLES = r"""
- name: Show the probe results
  ansible.builtin.debug:
    msg: >-
      {{ ansible_play_hosts_all | map('extract', hostvars)
         | weft.overlay.verification_probes(present=ansible_play_hosts) }}
"""

RETURN = r"""
_value:
  description: One dictionary for each host, in their order.
  type: list
  elements: dict
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.weft.overlay.plugins.plugin_utils.variables import value_of


def verification_probes(
    hosts: Iterable[Mapping[str, Any]],
    present: Collection[str],
    outside: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
) -> list[dict[str, Any]]:
    """Return the results of each host.

    Those of a host that has left the play may belong to an earlier verification.
    """
    in_play: list[dict[str, Any]] = [
        {
            "name": variables["inventory_hostname"],
            "left": variables["inventory_hostname"] not in present,
            "started": value_of(variables, "__verify_started") or {},
            "probed": value_of(variables, "__verify_probed") or {},
            "measured": value_of(variables, "__verify_measured") or {},
            "absent": value_of(variables, "__verify_removed") or {},
        }
        for variables in hosts
    ]
    return in_play + _outside_probes(outside or {})


def _outside_probes(results: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[dict[str, Any]]:
    by_task = {
        task: {result["item"]: result for result in results.get(task) or () if "item" in result}
        for task in ("started", "probed", "absent")
    }
    return [
        {
            "name": name,
            "left": False,
            "outside": True,
            # The tasks never count as failed, so that the other hosts stay in the play.
            "started": {**started, "failed": "address" not in started},
            "probed": by_task["probed"].get(name) or {},
            "measured": {},
            "absent": by_task["absent"].get(name) or {},
        }
        for name, started in by_task["started"].items()
    ]


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Any]:
        """Return them by name."""
        return {"verification_probes": verification_probes}
