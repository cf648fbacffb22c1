# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module etcd_member_info while the cluster loses its leader under it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest
from ansible.module_utils.basic import AnsibleModule

from ansible_collections.weft.overlay.plugins.module_utils.etcd.cluster import EtcdError, Status
from ansible_collections.weft.overlay.plugins.module_utils.etcd.etcdctl import Etcdctl
from ansible_collections.weft.overlay.plugins.modules.etcd_member_info import EtcdMemberInfo

LEADER = 7


class Module:
    """What the module asks of Ansible, on a host without etcd's unit."""

    def __init__(self, folder: Path) -> None:
        self.params = {
            "endpoint": "http://127.0.0.1:1",
            "configuration": str(folder / "environment"),
            "data_directory": str(folder / "data"),
            "unit": "no-such-unit.service",
            "timeout": 0,
            **dict.fromkeys(("ca_cert", "client_cert", "client_key")),
        }

    def get_bin_path(self, _name: str) -> None:
        return None

    def run_command(self, _command: list[str]) -> tuple[int, str, str]:
        return 0, "0\n", ""


class EtcdctlWithoutMajority:
    """Gives the statuses in turn, and no member list."""

    def __init__(self, *leaders: int | None) -> None:
        self._leaders = list(leaders)

    def status(self, _endpoint: str) -> Status:
        leader = self._leaders.pop(0)
        if leader is None:
            raise EtcdError("connection refused")
        return Status(LEADER, 1, leader, "3.5.16", False, 42, 2, 20480, 16384, ())

    def members(self) -> None:
        raise EtcdError("context deadline exceeded")


def look(folder: Path, *leaders: int | None) -> dict[str, Any]:
    info = EtcdMemberInfo(cast(AnsibleModule, Module(folder)))
    info.etcdctl = cast(Etcdctl, EtcdctlWithoutMajority(*leaders))
    return info.run()


def test_a_leader_that_is_lost_meanwhile_is_no_error(tmp_path: Path) -> None:
    seen = look(tmp_path, LEADER, 0)
    assert seen["status"]["leader"] is None
    assert (seen["members"], seen["alarms"], seen["problem"]) == ([], [], "")


@pytest.mark.parametrize("then", [LEADER, None])
def test_a_cluster_that_has_one_and_does_not_answer_is_an_error(
    tmp_path: Path, then: int | None
) -> None:
    with pytest.raises(EtcdError, match="context deadline exceeded"):
        look(tmp_path, LEADER, then)
