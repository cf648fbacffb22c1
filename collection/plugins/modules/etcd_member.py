#!/usr/bin/python
# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Add, promote or remove an etcd member."""

from __future__ import annotations

DOCUMENTATION = r"""
module: etcd_member
short_description: Add, promote or remove an etcd member
version_added: 1.0.0
author:
  - The weft developers (@weft)
description:
  - Adds, promotes or removes one member of a running etcd cluster.
  - It neither writes the configuration of a member nor starts it; the role C(etcd) does.
  - Refuses a change that would cost the cluster its majority.
extends_documentation_fragment:
  - weft.overlay.etcdctl
  - weft.overlay.attributes
  - weft.overlay.attributes.actiongroup_etcdctl
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
options:
  endpoints:
    description: Client URLs of running voting members of the cluster. A learner cannot be used.
    type: list
    elements: str
    default:
      - http://127.0.0.1:2379
  name:
    description:
      - Name of the member.
      - With O(state=absent) also its ID in hexadecimal, which a member that never started needs.
    type: str
    required: true
  peer_urls:
    description:
      - The URLs by which the other members reach it. Required if O(state=present).
      - Selects the member that has one of these URLs, under any name. If the member O(name) has
        other URLs, they are changed to these.
    type: list
    elements: str
    default: []
  state:
    description:
      - V(present) adds the member, since etcd 3.4 as a learner, which has no vote. Start it with
        RV(initial_cluster) and C(ETCD_INITIAL_CLUSTER_STATE=existing).
      - V(voting) promotes a learner once it is in sync.
      - V(absent) removes the member.
    type: str
    choices: [present, voting, absent]
    default: present
  data_lost:
    description:
      - Whether the member's data was lost, so that it must be removed and added again.
      - It gets a new ID. With its old ID it would vote without knowing the earlier log entries.
    type: bool
    default: false
  timeout:
    description:
      - Seconds within which the cluster must accept the change. etcd refuses a change for a while
        after another one, and a promotion until the learner is in sync.
    type: int
    default: 60
seealso:
  - module: weft.overlay.etcd_member_info
"""

EXAMPLES = r"""
- name: Add a member
  weft.overlay.etcd_member:
    endpoints: [http://192.0.2.11:2379]
    name: etcd2
    peer_urls: [http://192.0.2.12:2380]
  register: added

- name: Promote the member after its start
  weft.overlay.etcd_member:
    endpoints: [http://192.0.2.11:2379]
    name: etcd2
    state: voting

- name: Remove a dead member
  weft.overlay.etcd_member:
    endpoints: [http://192.0.2.11:2379]
    name: etcd3
    state: absent
"""

RETURN = r"""
initial_cluster:
  description: C(ETCD_INITIAL_CLUSTER) with which the member must be started.
  returned: O(state=present)
  type: str
  sample: etcd1=http://192.0.2.11:2380,etcd2=http://192.0.2.12:2380
members:
  description: The members after the run, or in check mode as they would be.
  returned: success
  type: list
  elements: dict
  sample:
    - id: 8e9e05c52164694d
      name: etcd1
      peer_urls: [http://192.0.2.11:2380]
      client_urls: [http://192.0.2.11:2379]
      learner: false
      started: true
"""

import time
from collections.abc import Sequence
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.weft.overlay.plugins.module_utils.etcd.cluster import (
    EtcdError,
    Member,
    Status,
)
from ansible_collections.weft.overlay.plugins.module_utils.etcd.etcdctl import (
    DEFAULT_ENDPOINT,
    CallError,
    Etcdctl,
    etcdctl_options,
)
from ansible_collections.weft.overlay.plugins.module_utils.etcd.membership import (
    Action,
    Cluster,
    DesiredMember,
    State,
    Step,
    initial_cluster,
    members_after,
    plan_steps,
    was_applied,
)
from ansible_collections.weft.overlay.plugins.module_utils.etcd.versions import parse_version

# Errors of etcdserver/api/v3rpc/rpctypes/error.go that are gone once the members are connected, in
# sync, or less busy. After the last two, the change may have been made.
_TRANSIENT_ERRORS = (
    "unhealthy cluster",
    "not enough started members",
    "in sync with leader",
    "leader changed",
    "too many requests",
    "no leader",
    "request timed out",
    "context deadline exceeded",
)
_PAUSE = 0.5


class EtcdMember:
    """Reads the cluster, plans the steps once, and applies them."""

    def __init__(self, module: AnsibleModule) -> None:
        self.module = module
        params = module.params
        self.etcdctl = Etcdctl(module, params["endpoints"])
        self.desired = DesiredMember(
            name=params["name"],
            state=State(params["state"]),
            peer_urls=tuple(params["peer_urls"]),
            data_lost=params["data_lost"],
        )

    def run(self) -> dict[str, Any]:
        """Return the module's result."""
        cluster = self._read()
        steps = plan_steps(self.desired, cluster)
        expected = members_after(steps, cluster.members)
        if steps and not self.module.check_mode:
            for step in steps:
                self._apply(step)
            expected = self.etcdctl.members()
        result: dict[str, Any] = {
            "changed": bool(steps),
            "members": [member.document() for member in expected],
            "diff": {
                "before_header": "members",
                "before": _lines(cluster.members, self.desired),
                "after_header": "members",
                "after": _lines(expected, self.desired),
            },
        }
        if self.desired.state is State.PRESENT:
            result["initial_cluster"] = initial_cluster(self.desired, expected)
        return result

    def _read(self) -> Cluster:
        members = self.etcdctl.members()
        found = [self._status_of(member) for member in members]
        statuses = [status for status in found if status is not None]
        if not statuses:
            raise EtcdError(
                "no member of the cluster answers at its client URL: start the members, or give "
                "endpoints that this host can reach"
            )
        return Cluster(
            members=members,
            healthy={status.member_id for status in statuses if status.has_leader},
            version=min(parse_version(status.version) for status in statuses),
        )

    def _status_of(self, member: Member) -> Status | None:
        for url in member.client_urls:
            try:
                return self.etcdctl.status(url)
            except CallError:
                continue
        return None

    def _apply(self, step: Step) -> None:
        deadline = time.monotonic() + self.module.params["timeout"]
        while True:
            # With authentication on, a follower forwards a promotion without its user, and the
            # leader refuses it (github.com/etcd-io/etcd/issues/20757).
            endpoints = self._leader_urls() if step.action is Action.PROMOTE else ()
            try:
                self.etcdctl.call("member", *self._arguments(step), endpoints=endpoints)
            except CallError as error:
                transient = any(words in str(error) for words in _TRANSIENT_ERRORS)
                if not transient or time.monotonic() > deadline:
                    raise _explained(error, self.desired.name) from error
            else:
                return
            time.sleep(_PAUSE)
            if self._was_applied(step):
                return

    def _leader_urls(self) -> Sequence[str]:
        try:
            members = self.etcdctl.members()
        except CallError:
            return ()
        leaders = {status.leader for status in map(self._status_of, members) if status is not None}
        return [url for member in members if member.id in leaders for url in member.client_urls]

    def _was_applied(self, step: Step) -> bool:
        try:
            return was_applied(step, self.etcdctl.members())
        except CallError:
            return False

    def _arguments(self, step: Step) -> list[str]:
        urls = f"--peer-urls={','.join(step.member.peer_urls)}"
        if step.action is Action.ADD:
            return ["add", self.desired.name, urls, *(["--learner"] if step.member.learner else [])]
        if step.action is Action.UPDATE:
            return ["update", step.member.hex_id, urls]
        return [step.action.value, step.member.hex_id]


def _explained(error: CallError, name: str) -> CallError:
    """Return the error with the cause that the cluster does not name."""
    text = str(error)
    if "in sync with leader" in text:
        return CallError(
            f"{text}. {name} has not received the log of the leader. Check that TCP 2380 "
            f"(etcd_peer_port) is open between {name} and the other members, and 'journalctl -u "
            f"etcd' on {name}. Then run this again: {name} is a learner until then"
        )
    if "too many learner members" in text:
        return CallError(
            f"{text}. etcd accepts one learner at a time: another host has not finished its join. "
            "Run this for that host first; 'etcdctl member list' shows the learner"
        )
    return error


def _lines(members: Sequence[Member], desired: DesiredMember) -> str:
    return "".join(
        f"{member.name or desired.name} {' '.join(member.peer_urls)}"
        f"{' learner' if member.learner else ''}\n"
        for member in sorted(members, key=lambda member: (member.name, member.peer_urls))
    )


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            **etcdctl_options(),
            "endpoints": {"type": "list", "elements": "str", "default": [DEFAULT_ENDPOINT]},
            "name": {"type": "str", "required": True},
            "peer_urls": {"type": "list", "elements": "str", "default": []},
            "state": {
                "type": "str",
                "choices": ["present", "voting", "absent"],
                "default": "present",
            },
            "data_lost": {"type": "bool", "default": False},
            "timeout": {"type": "int", "default": 60},
        },
        supports_check_mode=True,
    )
    if module.params["state"] == "present" and not module.params["peer_urls"]:
        module.fail_json(
            msg="peer_urls is required with state=present: give the peer URLs of the member"
        )
    try:
        result = EtcdMember(module).run()
    except EtcdError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
