# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter `weft.overlay.etcd_plan`: from what each host showed to what is to happen."""

from __future__ import annotations

DOCUMENTATION = r"""
name: etcd_plan
short_description: Decide what a group of hosts is to do about its etcd
version_added: 1.0.0
description:
  - Takes what M(weft.overlay.etcd_member_info) returned in a loop over the hosts of a group, in the
    inventory's order, and says which host forms a cluster and which ones join it.
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
- name: Look at every host of the group
  weft.overlay.etcd_member_info:
  delegate_to: "{{ item }}"
  loop: "{{ groups['weft_etcd'] }}"
  ignore_unreachable: true
  run_once: true
  register: hosts

- name: Show who joins
  ansible.builtin.debug:
    msg: "{{ (hosts.results | weft.overlay.etcd_plan).joins }}"
"""

RETURN = r"""
_value:
  description:
    - C(forms) is the host that begins a cluster, or none. C(joins) become members one after the
      other, those of C(replaces) in place of a dead member of their name.
    - C(speaker) is a host whose member answers and has a leader, C(speaker_url) its client URL.
    - C(silent) are hosts with data whose member does not answer, C(strays) names of members that no
      host of the group is, C(members) the member list.
    - C(problem) says why nothing may be done, and is empty otherwise. C(lost) says what is lost
      where hosts hold data and none has a leader, once they have been started.
  type: dict
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from ansible_collections.weft.overlay.plugins.module_utils.etcd.observation import (
    read_observations,
)
from ansible_collections.weft.overlay.plugins.module_utils.etcd.plan import (
    lost_majority,
    plan_group,
)


def etcd_plan(results: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the plan as a dictionary. Raises KeyError for results of another module."""
    observations = read_observations(results)
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
