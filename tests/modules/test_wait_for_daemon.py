# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module wait_for_daemon with commands of the test instead of systemd's and weft's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.modules.ansible_run import Outcome, run_module

ACTIVE = "LoadState=loaded\nActiveState=active\nSubState=running\nNRestarts=0\n"
LOOP = "LoadState=loaded\nActiveState=activating\nSubState=auto-restart\nNRestarts=7\n"
READY = {"agent": {"ready": True, "lease": {}, "problems": []}, "problems": []}


class Host:
    """A folder with the commands systemctl, journalctl and weftctl."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.subnet_file = folder / "subnet.env"
        self.has("systemctl", ACTIVE)
        self.has("journalctl", "")
        self.has("weftctl", json.dumps(READY))

    def has(self, command: str, output: str) -> None:
        (self.folder / f"{command}.out").write_text(output)
        path = self.folder / command
        path.write_text(f'#!/bin/sh\ncat "{self.folder}/{command}.out"\n')
        path.chmod(0o755)

    def wait(self, **options: Any) -> Outcome:
        given = {"timeout": 0, "subnet_file": str(self.subnet_file), **options}
        return run_module("wait_for_daemon", given, path=self.folder)


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


def test_a_ready_daemon_is_not_waited_for(host: Host) -> None:
    assert not host.wait().failed


def test_a_restart_loop_fails_with_the_error_in_the_journal(host: Host) -> None:
    host.has("systemctl", LOOP)
    host.has("journalctl", "cannot start: protobuf 7.35.0 in /usr/local hides the library\n")
    outcome = host.wait(timeout=1)
    assert outcome.failed
    assert outcome["msg"].startswith(
        "weftd is not ready after 1 s: cannot start: protobuf 7.35.0 in /usr/local hides"
    )
    assert "restarted 7 times" in outcome["msg"]


def test_the_problem_of_the_agent_is_the_message_and_the_progress_is_shown(host: Host) -> None:
    taken = "the active backends udp and vxlan both use UDP port 8285"
    status = {**READY, "agent": {"ready": False, "lease": {}, "problems": [taken]}}
    host.has("weftctl", json.dumps(status))
    outcome = host.wait(timeout=11)
    assert f"after 11 s: {taken}." in outcome["msg"]
    assert f"waiting for weftd, 10 of 11 s: {taken}" in outcome.output


def test_docker_needs_the_subnet_file_only(host: Host) -> None:
    bridge = {"ready": False, "lease": {}, "problems": ["docker0 has another subnet"]}
    host.has("weftctl", json.dumps({**READY, "agent": bridge}))
    missing = host.wait(until="configured")
    assert missing.failed
    assert "subnet.env" in missing["msg"]
    host.subnet_file.write_text("FLANNEL_SUBNET=100.96.1.1/24\nFLANNEL_MTU=1450\n")
    assert not host.wait(until="configured").failed
    assert host.wait().failed


def test_a_time_out_of_its_bounds_is_refused(host: Host) -> None:
    assert host.wait(stable=61)["msg"] == "stable is 61: set it from 0 to 60."
