# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Internal: the filter `weft.overlay.etcd_plan`, which plans the members of an etcd cluster."""

from __future__ import annotations

DOCUMENTATION = r"""
name: etcd_plan
short_description: "Internal: plan the members of the etcd cluster of a group of hosts"
version_added: 1.0.0
description:
  - Internal to the role P(weft.overlay.etcd#role). Takes the results of
    M(weft.overlay.etcd_member_info) in a loop over the hosts of a group, in inventory order, and
    returns the host that forms a cluster and the hosts that join it.
options:
  _input:
    description: The results of the loop, each with its host as C(item).
    type: list
    elements: dict
    required: true
author:
  - The weft developers (@weft)
"""

EXAMPLES = r"""
- name: Read the etcd member of every host of the group
  weft.overlay.etcd_member_info:
  delegate_to: "{{ item }}"
  loop: "{{ groups['weft_etcd'] }}"
  ignore_unreachable: true
  run_once: true
  register: hosts

- name: Show the hosts that join
  ansible.builtin.debug:
    msg: "{{ (hosts.results | weft.overlay.etcd_plan).joins }}"
"""

RETURN = r"""
_value:
  description:
    - C(forms) is the host that forms a new cluster, or none. The hosts in C(joins) become members
      one after the other; those in C(replaces) replace a dead member of their name.
    - C(speaker) is a host whose member answers and has a leader, C(speaker_url) its client URL.
    - C(silent) are the hosts with data whose member does not answer, C(strays) the names of members
      that are not hosts of the group, C(members) the member list.
    - C(problem) is the reason if nothing may be changed, else empty. C(lost) is the message for the
      case that hosts have data and no member has a leader after they were started, else empty.
  type: dict
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from ansible_collections.weft.overlay.plugins.module_utils.etcd.observation import (
    parse_observations,
)
from ansible_collections.weft.overlay.plugins.module_utils.etcd.plan import (
    lost_majority,
    plan_group,
)


def etcd_plan(results: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the plan as a dictionary. Raises KeyError for the results of another module."""
    observations = parse_observations(results)
    plan = plan_group(observations)
    lost = plan.speaker is None and any(each.data for each in observations)
    return asdict(plan) | {
        "members": [member.document() for member in plan.members],
        "lost": lost_majority(observations) if lost else "",
    }


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Any]:
        """Return them by name."""
        return {"etcd_plan": etcd_plan}
