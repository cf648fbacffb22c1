#!/usr/bin/python
# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the state of a host's etcd member."""

from __future__ import annotations

DOCUMENTATION = r"""
module: etcd_member_info
short_description: Read the state of a host's etcd member
version_added: 1.0.0
author:
  - The weft developers (@weft)
description:
  - Reads etcd's configuration, data directory and process on a host, and queries its member.
  - Does not fail on a host without etcd, or if the member does not answer.
extends_documentation_fragment:
  - weft.overlay.etcdctl
  - weft.overlay.attributes
  - weft.overlay.attributes.actiongroup_etcdctl
  - weft.overlay.attributes.info_module
options:
  endpoint:
    description: Client URL of this host's member.
    type: str
    default: http://127.0.0.1:2379
  configuration:
    description: The environment file of the unit.
    type: path
    default: /etc/default/etcd
  data_directory:
    description: The member's data directory.
    type: path
    default: /var/lib/etcd/default
  unit:
    description: The systemd unit that runs etcd.
    type: str
    default: etcd.service
  timeout:
    description:
      - Seconds to wait until the member has a leader.
      - With V(0) the module queries once. So it does if etcd must be restarted.
    type: int
    default: 0
seealso:
  - module: weft.overlay.etcd_member
"""

EXAMPLES = r"""
- name: Read the etcd member of each host
  weft.overlay.etcd_member_info:
    endpoint: http://192.0.2.11:2379
  register: member

- name: Show the size of its database
  ansible.builtin.debug:
    msg: "{{ member.status.database_size }} bytes, {{ member.status.database_used }} in use"
  when: member.status
"""

RETURN = r"""
endpoint:
  description: The URL that was queried.
  returned: success
  type: str
  sample: http://127.0.0.1:2379
initial_state:
  description: C(ETCD_INITIAL_CLUSTER_STATE) of the configuration, empty if not set.
  returned: success
  type: str
  sample: existing
data:
  description: Whether the data directory has the data of a member.
  returned: success
  type: bool
  sample: true
restart_required:
  description: Whether etcd must be restarted to apply its configuration or its package.
  returned: success
  type: bool
  sample: true
restart_reasons:
  description: Why etcd must be restarted.
  returned: success
  type: list
  elements: str
  sample: ["ETCD_SNAPSHOT_COUNT is '100000', configured '10000'"]
status:
  description: The status of the member. None if it does not answer. Sizes are in bytes.
  returned: success
  type: dict
  sample:
    member_id: 8e9e05c52164694d
    cluster_id: cdf818194e3a8c32
    leader: 8e9e05c52164694d
    is_leader: true
    version: 3.5.16
    learner: false
    revision: 42
    raft_term: 2
    database_size: 20480
    database_used: 16384
    errors: []
members:
  description: The members of its cluster. Empty if it has no leader.
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
alarms:
  description: The alarms of the cluster, each with the ID of the member that raised it.
  returned: success
  type: list
  elements: dict
  sample:
    - member_id: 8e9e05c52164694d
      kind: NOSPACE
problem:
  description: Why the member did not answer, empty if it answered.
  returned: success
  type: str
  sample: etcdctl is not installed; install the package etcd-client
"""

import time
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.weft.overlay.plugins.module_utils.etcd.cluster import (
    Alarm,
    EtcdError,
    Member,
    Status,
)
from ansible_collections.weft.overlay.plugins.module_utils.etcd.etcdctl import (
    DEFAULT_ENDPOINT,
    Etcdctl,
    etcdctl_options,
)
from ansible_collections.weft.overlay.plugins.module_utils.etcd.service import (
    ca_files_changed,
    parse_environment,
    parse_settings,
    parse_start,
    parse_unit_environment,
    restart_reasons,
)

SYSTEMD_RUNS = Path("/run/systemd/system")  # sd_booted(3)
_PAUSE = 0.5


class EtcdMemberInfo:
    """Reads the state of one host."""

    def __init__(self, module: AnsibleModule) -> None:
        self.module = module
        self.params = module.params
        self.etcdctl = Etcdctl(module, [self.params["endpoint"]])

    def run(self) -> dict[str, Any]:
        """Return the module's result."""
        settings = self._settings()
        reasons = self._restart_reasons(settings)
        # Do not wait for a process that still has other settings, such as HTTP instead of TLS.
        status, problem = self._await_status(0 if reasons else self.params["timeout"])
        members, alarms, status = self._query_cluster(status)
        return {
            "changed": False,
            "endpoint": self.params["endpoint"],
            "initial_state": settings.get("ETCD_INITIAL_CLUSTER_STATE", ""),
            # wal/ is there from the first entry on (server/storage/datadir).
            "data": Path(self.params["data_directory"], "member", "wal").is_dir(),
            "restart_required": bool(reasons),
            "restart_reasons": list(reasons),
            "status": status.document() if status else None,
            "members": [each.document() for each in members],
            "alarms": [
                {"member_id": f"{alarm.member_id:x}", "kind": alarm.kind} for alarm in alarms
            ],
            "problem": problem,
        }

    def _await_status(self, timeout: float) -> tuple[Status | None, str]:
        deadline = time.monotonic() + timeout
        while True:
            status, problem = None, ""
            try:
                status = self.etcdctl.status(self.params["endpoint"])
            except EtcdError as error:
                problem = str(error)
            if (status is not None and status.has_leader) or time.monotonic() >= deadline:
                return status, problem
            time.sleep(_PAUSE)

    def _query_cluster(
        self, status: Status | None
    ) -> tuple[tuple[Member, ...], tuple[Alarm, ...], Status | None]:
        """Return the members and the alarms, none without a leader, and the newest status.

        Raises EtcdError if the cluster has a leader and does not answer.
        """
        if status is None or not status.has_leader or status.learner:
            return (), (), status
        try:
            return self.etcdctl.members(), self.etcdctl.alarms(), status
        except EtcdError:
            # A member reports a lost leader until its election timeout has passed.
            newest, _problem = self._await_status(0)
            if newest is None or newest.has_leader:
                raise
            return (), (), newest

    def _settings(self) -> dict[str, str]:
        path = Path(self.params["configuration"])
        return parse_settings(path.read_text(encoding="utf-8")) if path.is_file() else {}

    def _restart_reasons(self, settings: dict[str, str]) -> tuple[str, ...]:
        if not SYSTEMD_RUNS.is_dir():
            return ()
        process = Path("/proc", self._unit_property("MainPID") or "0")
        try:
            running = parse_environment((process / "environ").read_bytes())
            executable = str((process / "exe").readlink())
        except OSError:  # etcd does not run, or has just ended.
            return ()
        wanted = parse_unit_environment(self._unit_property("Environment")) | settings
        reasons = restart_reasons(wanted, running, executable)
        started = parse_start(self._unit_property("ExecMainStartTimestamp", "--timestamp=unix"))
        if started is not None and ca_files_changed(settings, started, _written):
            reasons += ("the trusted CA certificates were changed after it started",)
        return reasons

    def _unit_property(self, name: str, *options: str) -> str:
        _status, output, _errors = self.module.run_command(
            ["systemctl", "show", "--value", *options, f"--property={name}", self.params["unit"]]
        )
        return str(output).strip()


def _written(path: str) -> float:
    file = Path(path)
    return file.stat().st_mtime if file.is_file() else 0.0


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            **etcdctl_options(),
            "endpoint": {"type": "str", "default": DEFAULT_ENDPOINT},
            "configuration": {"type": "path", "default": "/etc/default/etcd"},
            "data_directory": {"type": "path", "default": "/var/lib/etcd/default"},
            "unit": {"type": "str", "default": "etcd.service"},
            "timeout": {"type": "int", "default": 0},
        },
        supports_check_mode=True,
    )
    try:
        result = EtcdMemberInfo(module).run()
    except (EtcdError, OSError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
