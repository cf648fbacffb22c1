# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What other plays learn of a host, while its agent runs and when it does not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.weft.overlay.plugins.module_utils.weft.host.status import (
    LeaseStatus,
    Status,
    StoreStatus,
    write_status,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.weftctl.local_facts import main

PACKAGE_PARENT = Path(__file__).parents[3] / "collection/plugins/module_utils"


def written(path: Path, pid: int) -> Path:
    status = Status(
        pid=pid,
        release="5f1c3f6a0a9ae2bd",
        since=1.8e9,
        store=StoreStatus(connected=True, revision=12),
        interface="eth0",
        network="100.96.0.0/16",
        backend="udp",
        datapath="userspace",
        mtu=1472,
        lease=LeaseStatus("100.96.1.0/24", "100.96.1.1/24", "192.0.2.11", expires=False),
        peers=2,
    )
    write_status(path / "status.json", status)
    return path / "status.json"


def facts(status: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    main(status, status.with_name("weftd.json"))
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    return told


def test_a_host_tells_its_part_of_the_overlay(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "weftd.json").write_text('{"public_ip": "198.51.100.7", "address": "192.0.2.11"}')
    assert facts(written(tmp_path, os.getpid()), capsys) == {
        "configured_public_ip": "198.51.100.7",
        "configured_address": "192.0.2.11",
        "running": True,
        "ready": True,
        "network": "100.96.0.0/16",
        "subnet": "100.96.1.0/24",
        "bip": "100.96.1.1/24",
        "gateway": "100.96.1.1",
        "public_ip": "192.0.2.11",
        "mtu": 1472,
        "backend": "udp",
        "datapath": "userspace",
        "interface": "eth0",
        "peers": 2,
        "release": "5f1c3f6a0a9ae2bd",
        "problems": [],
    }


def test_an_agent_that_ended_leaves_its_facts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    told = facts(written(tmp_path, dead.pid), capsys)
    assert (told["running"], told["ready"]) == (False, False)
    assert told["subnet"] == "100.96.1.0/24"


def test_a_host_without_a_status_knows_nothing_and_fails_no_gathering(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = facts(tmp_path / "none", capsys)
    assert (told["running"], told["ready"]) == (False, False)
    assert told["subnet"] is told["mtu"] is told["gateway"] is None


def test_gathering_loads_no_library(tmp_path: Path) -> None:
    """Each gathering of facts on each host waits for it."""
    program = "import sys; from weft.weftctl.local_facts import main; main(); print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(PACKAGE_PARENT)},
        text=True,
    )
    loaded = {name.partition(".")[0] for name in done.stdout.split("}")[-1].split()}
    assert not loaded & {"etcd3", "grpc", "pyroute2", "prometheus_client"}
