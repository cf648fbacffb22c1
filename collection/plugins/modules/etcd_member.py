#!/usr/bin/python
# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Add a member to an etcd cluster, give it a vote, or remove it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: etcd_member
short_description: Add a member to an etcd cluster, give it a vote, or remove it
version_added: 1.0.0
author:
  - The weft developers (@weft)
description:
  - Changes which members a running cluster of etcd has, one member at a time.
  - It neither writes the configuration of a member nor starts it; the role C(etcd) does.
  - A change that would cost the cluster its majority is refused.
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
    description: Client URLs of members of the cluster that answer. A learner is none of them.
    type: list
    elements: str
    default:
      - http://127.0.0.1:2379
  name:
    description:
      - Name of the member.
      - With O(state=absent) also its ID, in hexadecimal digits, as for one that never started.
    type: str
    required: true
  peer_urls:
    description:
      - The URLs by which the other members reach it. Required if O(state=present).
      - A member with one of them is the one that is meant, whatever its name. One of O(name) that
        has others gets these.
    type: list
    elements: str
    default: []
  state:
    description:
      - V(present) adds the member, from etcd 3.4 on as a learner, which has no vote. Start it with
        RV(initial_cluster) and the state C(existing).
      - V(voting) promotes a learner, once it has caught up.
      - V(absent) removes the member.
    type: str
    choices: [present, voting, absent]
    default: present
  data_lost:
    description:
      - Whether what the member once stored is gone, so that it must be removed and added anew.
      - The cluster forgets such a member; with its old ID it would vote on what it never saw.
    type: bool
    default: false
  timeout:
    description:
      - Seconds within which the cluster must take the change. etcd refuses it for a while after the
        last one, and until a learner has caught up.
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
  register: joining

- name: Give it a vote, when it runs
  weft.overlay.etcd_member:
    endpoints: [http://192.0.2.11:2379]
    name: etcd2
    state: voting

- name: Remove a member that is dead
  weft.overlay.etcd_member:
    endpoints: [http://192.0.2.11:2379]
    name: etcd3
    state: absent
"""

RETURN = r"""
initial_cluster:
  description: C(ETCD_INITIAL_CLUSTER) with which the member is to start.
  returned: O(state=present)
  type: str
  sample: etcd1=http://192.0.2.11:2380,etcd2=http://192.0.2.12:2380
members:
  description: The members as they now are, or would be.
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
    Cluster,
    State,
    Step,
    Verb,
    Wish,
    after,
    decide,
    initial_cluster,
    was_taken,
)
from ansible_collections.weft.overlay.plugins.module_utils.etcd.versions import parse_version

# etcdserver/api/v3rpc/rpctypes/error.go: what passes when the members have met, or caught up, or
# have less to do. The last two tell nothing of whether it was carried out.
_PASSING = (
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
    """Reads the cluster, decides once, and carries the decision out."""

    def __init__(self, module: AnsibleModule) -> None:
        self.module = module
        params = module.params
        self.etcdctl = Etcdctl(module, params["endpoints"])
        self.wish = Wish(
            name=params["name"],
            state=State(params["state"]),
            peer_urls=tuple(params["peer_urls"]),
            data_lost=params["data_lost"],
        )

    def run(self) -> dict[str, Any]:
        """Return the module's result."""
        cluster = self._read()
        steps = decide(self.wish, cluster)
        expected = after(steps, cluster.members)
        if steps and not self.module.check_mode:
            for step in steps:
                self._take(step)
            expected = self.etcdctl.members()
        result: dict[str, Any] = {
            "changed": bool(steps),
            "members": [member.document() for member in expected],
            "diff": {
                "before_header": "members",
                "before": _lines(cluster.members, self.wish),
                "after_header": "members",
                "after": _lines(expected, self.wish),
            },
        }
        if self.wish.state is State.PRESENT:
            result["initial_cluster"] = initial_cluster(self.wish, expected)
        return result

    def _read(self) -> Cluster:
        members = self.etcdctl.members()
        found = [self._probe(member) for member in members]
        statuses = [status for status in found if status is not None]
        if not statuses:
            raise EtcdError(
                "no member of the cluster answers at its client URL: start them, or give endpoints "
                "that this host reaches"
            )
        return Cluster(
            members=members,
            healthy={status.member_id for status in statuses if status.has_leader},
            version=min(parse_version(status.version) for status in statuses),
        )

    def _probe(self, member: Member) -> Status | None:
        for url in member.client_urls:
            try:
                return self.etcdctl.status(url)
            except CallError:
                continue
        return None

    def _take(self, step: Step) -> None:
        deadline = time.monotonic() + self.module.params["timeout"]
        while True:
            # With authentication on, a follower hands a promotion on without saying whose it is,
            # and the leader refuses it (github.com/etcd-io/etcd/issues/20757).
            endpoints = self._leader_urls() if step.verb is Verb.PROMOTE else ()
            try:
                self.etcdctl.call("member", *self._words(step), endpoints=endpoints)
            except CallError as error:
                passes = any(words in str(error) for words in _PASSING)
                if not passes or time.monotonic() > deadline:
                    raise
            else:
                return
            time.sleep(_PAUSE)
            if self._was_taken(step):
                return

    def _leader_urls(self) -> Sequence[str]:
        try:
            members = self.etcdctl.members()
        except CallError:
            return ()
        leaders = {status.leader for status in map(self._probe, members) if status is not None}
        return [url for member in members if member.id in leaders for url in member.client_urls]

    def _was_taken(self, step: Step) -> bool:
        try:
            return was_taken(step, self.etcdctl.members())
        except CallError:
            return False

    def _words(self, step: Step) -> list[str]:
        urls = f"--peer-urls={','.join(step.member.peer_urls)}"
        if step.verb is Verb.ADD:
            return ["add", self.wish.name, urls, *(["--learner"] if step.member.learner else [])]
        if step.verb is Verb.UPDATE:
            return ["update", step.member.hex_id, urls]
        return [step.verb.value, step.member.hex_id]


def _lines(members: Sequence[Member], wish: Wish) -> str:
    return "".join(
        f"{member.name or wish.name} {' '.join(member.peer_urls)}"
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
            msg="peer_urls is required to add a member: give the URLs of its peers' port"
        )
    try:
        result = EtcdMember(module).run()
    except EtcdError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
