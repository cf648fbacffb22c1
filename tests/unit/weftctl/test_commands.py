# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import os
import subprocess
import sys
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

import pytest

from ansible_collections.weft.overlay.plugins.module_utils.weft.host.lease_view import (
    LeaseView,
    serialise_view,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.host.status import (
    LeaseStatus,
    Status,
    StoreStatus,
    write_status,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.model.lease import Lease
from ansible_collections.weft.overlay.plugins.module_utils.weft.store.errors import StoreFault
from ansible_collections.weft.overlay.plugins.module_utils.weft.weftctl.facts_reader import (
    read_facts,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.weftctl.paths import HostPaths
from ansible_collections.weft.overlay.plugins.module_utils.weft.weftctl.program import main
from tests.store.etcd_server import Authority

NO_CERTIFICATE = "it contains no PEM certificate"
PACKAGE_PARENT = Path(__file__).parents[3] / "collection/plugins/module_utils"


def ready(pid: int) -> Status:
    return Status(
        pid=pid,
        release="checkout",
        since=1.8e9,
        store=StoreStatus(connected=True, revision=12),
        lease=LeaseStatus("100.96.1.0/24", "100.96.1.1/24", "10.168.0.11", expires=False),
    )


@pytest.fixture
def paths(tmp_path: Path) -> HostPaths:
    """A folder with the files of a host instead of this machine's."""
    return HostPaths(
        settings=tmp_path / "settings.json",
        status=tmp_path / "status.json",
        snapshot=tmp_path / "snapshot.json",
        control=tmp_path / "datapath.sock",
        docker_config=tmp_path / "daemon.json",
        units=(tmp_path / "system",),
    )


def test_without_an_agent_and_a_datapath_each_has_its_problem(
    paths: HostPaths, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["status"], paths) == 2
    printed = capsys.readouterr().out
    assert f"PROBLEM: cannot read {paths.status}: " in printed
    assert "PROBLEM: datapath: " in printed


def test_an_agent_that_died_is_not_called_ready(
    paths: HostPaths, capsys: pytest.CaptureFixture[str]
) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    write_status(paths.status, ready(dead.pid))
    assert main(["status", "--json"], paths) == 2
    document = json.loads(capsys.readouterr().out)
    assert document["agent"]["ready"] is False
    assert f"the agent (process {dead.pid}) is not running" in document["problems"][0]
    assert main(["status"], paths) == 2
    assert "agent      NOT RUNNING; " in capsys.readouterr().out


def test_an_agent_that_runs_is_shown_as_it_says(
    paths: HostPaths, capsys: pytest.CaptureFixture[str]
) -> None:
    write_status(paths.status, ready(os.getpid()))
    # There is no datapath here.
    assert main(["status", "--json"], paths) == 2
    document = json.loads(capsys.readouterr().out)
    assert document["agent"]["ready"] is True
    assert len(document["problems"]) == 1


def test_leases_fall_back_to_the_last_known(
    paths: HostPaths, capsys: pytest.CaptureFixture[str]
) -> None:
    subnet = IPv4Network("100.96.1.0/24")
    held = {subnet: Lease(subnet, IPv4Address("10.168.0.11"), lease_id=42)}
    paths.snapshot.write_text(serialise_view(LeaseView(None, held, 4)))
    write_status(paths.status, ready(os.getpid()))
    # Port 1 of loopback: nobody answers.
    store = {"endpoints": ["http://127.0.0.1:1"], "timeout": 0.2}
    paths.settings.write_text(json.dumps({"store": store}))
    assert main(["leases", "--json"], paths) == 1
    printed = capsys.readouterr()
    assert "showing the last known leases" in printed.err
    assert json.loads(printed.out) == [
        {
            "subnet": "100.96.1.0/24",
            "public_ip": "10.168.0.11",
            "backend": "udp",
            "kind": "lease",
            "expires_in": None,
            "own": True,
        }
    ]


def test_the_certificate_is_read_where_the_settings_say(paths: HostPaths, tmp_path: Path) -> None:
    issued = Authority(tmp_path).issue("agent")
    # Port 1 of loopback: nobody answers.
    store = {
        "endpoints": ["https://127.0.0.1:1"],
        "timeout": 0.2,
        "ca_cert": str(tmp_path / "ca.pem"),
        "client_cert": str(issued.certificate),
        "client_key": str(issued.key),
    }
    paths.settings.write_text(json.dumps({"store": store}))
    facts = read_facts(paths)
    assert facts.store_fault is StoreFault.UNREACHABLE
    assert facts.certificate_expiry is not None
    # The test's authority issues for two days.
    assert abs(facts.certificate_expiry - facts.now - 2 * 86400) < 3600
    issued.certificate.write_text("junk")
    unread = read_facts(paths).unreadable["certificate_expiry"]
    assert unread == f"the certificate {issued.certificate} cannot be read: {NO_CERTIFICATE}"


def test_what_docker_is_told_is_read_from_its_file_and_its_command_line(paths: HostPaths) -> None:
    assert read_facts(paths).docker_config == {}
    paths.docker_config.write_text('{"mtu": 1450, "icc": true}')
    assert read_facts(paths).docker_config == {"mtu": 1450, "icc": True}
    paths.docker_config.write_text('{"icc": true}')
    assert paths.units is not None
    (units,) = paths.units
    drop_in = units / "docker.service.d/weft.conf"
    drop_in.parent.mkdir(parents=True)
    (units / "docker.service").write_text("[Service]\nExecStart=/usr/sbin/dockerd\n")
    command = "/usr/sbin/dockerd -H fd:// --bip=100.96.1.1/24 --mtu=1450"
    drop_in.write_text(f"[Service]\nExecStart=\nExecStart={command}\n")
    told = {"icc": True, "bip": "100.96.1.1/24", "mtu": 1450}
    assert read_facts(paths).docker_config == told


@pytest.mark.parametrize(
    ("synchronised", "available"), [("yes", "yes"), ("no", "yes"), ("no", "no")]
)
def test_the_clock_is_asked_for_with_what_could_keep_it(
    synchronised: str,
    available: str,
    paths: HostPaths,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # In place of systemd's, which needs systemd as init.
    program = tmp_path / "timedatectl"
    answer = f"CanNTP={available}\\nNTPSynchronized={synchronised}\\n"
    program.write_text(f"#!/bin/sh\nprintf '{answer}'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    facts = read_facts(paths, probe=True)
    assert facts.clock_synchronised is (synchronised == "yes")
    assert facts.ntp_available is (available == "yes")
    assert "clock_synchronised" not in facts.unreadable


@pytest.mark.parametrize(
    ("program", "arguments", "words"),
    [
        ("weftd", ["--help"], ["agent", "datapath"]),
        ("weftd", ["agent", "--help"], ["--config", "--snapshot", "--status"]),
        ("weftd", ["datapath", "--help"], ["--control", "--state"]),
        ("weftctl", ["--help"], ["status", "leases", "peers", "trace", "doctor", "completion"]),
    ],
)
def test_help_lists_what_there_is(program: str, arguments: list[str], words: list[str]) -> None:
    start = f"import sys; from weft.cli import {program}_main; sys.exit({program}_main())"
    done = subprocess.run(
        [sys.executable, "-c", start, *arguments],
        capture_output=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(PACKAGE_PARENT)},
        text=True,
    )
    for word in words:
        assert word in done.stdout
