# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory, read back by a YAML parser."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from lab.errors import LabError
from lab.inventory import render
from lab.settings import Lab, Settings, plan


@pytest.fixture
def lab() -> Lab:
    return plan(Settings.parse("ci", underlay="10.1.2.0/24"), ("trixie",) * 3)


def _all(lab: Lab, etcd_members: int) -> Any:
    return yaml.safe_load(render(lab, etcd_members))["all"]


def test_hosts_and_addresses(lab: Lab) -> None:
    assert _all(lab, 1)["children"]["weft"]["hosts"] == {
        "ci1": {"ansible_host": "10.1.2.11"},
        "ci2": {"ansible_host": "10.1.2.12"},
        "ci3": {"ansible_host": "10.1.2.13"},
    }


@pytest.mark.parametrize(("members", "names"), [(1, ["ci1"]), (3, ["ci1", "ci2", "ci3"])])
def test_etcd_members(lab: Lab, members: int, names: list[str]) -> None:
    assert list(_all(lab, members)["children"]["weft_etcd"]["hosts"]) == names


def test_more_members_than_hosts_is_an_error(lab: Lab) -> None:
    small = plan(lab.settings, ("trixie",))
    with pytest.raises(LabError, match="3 members on the 1 hosts"):
        render(small, 3)


def test_variables(lab: Lab) -> None:
    variables = _all(lab, 1)["vars"]
    assert variables["ansible_user"] == "root"
    assert variables["ansible_python_interpreter"] == "/usr/bin/python3"
    assert variables["weft_apt_update_cache"] is False
    assert variables["verify_image"] == {
        "archive": "/usr/share/weft-lab/busybox.tar",
        "name": "weft/busybox:latest",
    }
    assert "UserKnownHostsFile=/run/weft-lab/ci/known_hosts" in variables["ansible_ssh_common_args"]
    assert "StrictHostKeyChecking=accept-new" in variables["ansible_ssh_common_args"]
    assert "ControlPersist=60s" in variables["ansible_ssh_args"]
