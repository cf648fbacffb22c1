# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module docker_restart, run by Ansible; tests/fleet has the restarts of real dockerds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.modules.ansible_run import Outcome, run_module
from tests.modules.engine_socket import engine_socket

SHOP = {
    "Id": "id-shop",
    "Name": "/shop",
    "State": {"Running": True, "StartedAt": "2026-11-23T00:14:48.7Z", "ExitCode": 0},
    "Config": {"Labels": {}},
    "HostConfig": {"NetworkMode": "bridge", "RestartPolicy": {"Name": "no"}},
    "NetworkSettings": {"Networks": {"bridge": {"IPAddress": "172.17.0.2"}}},
}
ANSWERS = {"/containers/json": [{"Id": "id-shop"}], "/containers/id-shop/json": SHOP}
# Stands in where no systemd runs: dockerd's unit is active, and every order is noted.
SYSTEMCTL = """#!/bin/sh
echo "$*" >>{log}
case $* in *ActiveState*) echo active ;; esac
"""


class Host:
    """A host with a dockerd that runs."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.socket = root / "docker.sock"
        self.record = root / "docker_restart.json"
        self.log = root / "calls"
        self.commands = root / "commands"
        self.commands.mkdir()
        systemctl = self.commands / "systemctl"
        systemctl.write_text(SYSTEMCTL.format(log=self.log))
        systemctl.chmod(0o755)

    def run(self, *flags: str, systemd: bool = True, **options: Any) -> Outcome:
        settings = {"socket": str(self.socket), "record": str(self.record), **options}
        setup = ["mkdir /run/systemd/system"] if systemd else []
        return run_module("docker_restart", settings, *flags, setup=setup, path=self.commands)

    def says(self, question: str, answer: str) -> None:
        """Let systemctl answer so from now on."""
        systemctl = self.commands / "systemctl"
        systemctl.write_text(
            f"{systemctl.read_text()}case $* in *{question}*) echo {answer} ;; esac\n"
        )

    def orders(self) -> list[str]:
        """What systemctl was told to do, less what it was asked."""
        calls = self.log.read_text().splitlines()
        return [call for call in calls if not call.startswith("show ")]


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


def test_check_mode_lists_the_containers_and_stops_none(host: Host) -> None:
    with engine_socket(host.socket, 1500, ANSWERS):
        outcome = host.run("--check")
    assert (outcome["changed"], outcome["restarted"]) == (True, True)
    assert outcome["containers"] == [
        {
            "id": "id-shop",
            "name": "shop",
            "started_by": "weft",
            "addresses": {"bridge": "172.17.0.2"},
        }
    ]
    assert host.orders() == []
    assert not host.record.exists()


def test_the_start_at_boot_is_enabled_once(host: Host) -> None:
    with engine_socket(host.socket, 1500, ANSWERS):
        foreseen = host.run("--check", state="started", enabled=True)
        assert "enable docker.service" not in host.orders()
        outcome = host.run(state="started", enabled=True)
        assert "enable docker.service" in host.orders()
        host.says("is-enabled", "enabled")
        again = host.run(state="started", enabled=True)
    assert (foreseen["changed"], foreseen["enabled"]) == (True, True)
    assert (outcome["changed"], outcome["enabled"], outcome["restarted"]) == (True, True, False)
    assert (again["changed"], again["enabled"]) == (False, False)


def test_a_running_docker_without_a_record_is_not_changed(host: Host) -> None:
    with engine_socket(host.socket, 1500, ANSWERS) as requests:
        outcome = host.run(state="started")
    assert (outcome["changed"], outcome["restarted"]) == (False, False)
    assert host.orders() == []
    assert requests == []


def test_the_containers_must_be_known_before_anything_is_stopped(host: Host) -> None:
    outcome = host.run()
    assert outcome.failed
    assert "Nothing was stopped. Set socket to the Unix socket of dockerd's API." in outcome["msg"]
    assert host.orders() == []


def test_an_invalid_record_is_refused_before_anything_is_stopped(host: Host) -> None:
    host.record.write_text(json.dumps([]))
    with engine_socket(host.socket, 1500, ANSWERS):
        outcome = host.run()
    assert outcome.failed
    assert "is not a valid restart record" in outcome["msg"]
    assert host.orders() == []


def test_a_host_without_systemd_is_refused(host: Host) -> None:
    assert "was not booted by systemd" in host.run(systemd=False)["msg"]
