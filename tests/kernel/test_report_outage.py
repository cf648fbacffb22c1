# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook report while etcd is unreachable: every pair of hosts is still probed."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.docker_stand_in import DockerStandIn
from tests.playbook import CHECKOUT, REPOSITORY, play

from .namespaces import Namespaces
from .probed_fleet import raise_routed

_AGENT: dict[str, Any] = {"ready": True, "problems": []}
_READY: dict[str, Any] = {"agent": _AGENT, "datapath": None, "problems": []}

REPORT = REPOSITORY / "collection/playbooks/report.yml"


@pytest.mark.timeout(600)
def test_a_failed_query_of_etcd_leaves_every_host_in_the_play(
    made: Namespaces, tmp_path: Path
) -> None:
    machines = raise_routed(made, 3)
    dockers = [
        DockerStandIn(
            tmp_path / f"host{machine.number}", machine.container.name, machine.container_ip
        )
        for machine in machines
    ]
    for docker in dockers:
        weftctl = docker.folder / "weftctl"
        weftctl.write_text(f"#!/bin/sh\necho '{json.dumps(_READY)}'\n")
        weftctl.chmod(0o755)
    hosts = {
        f"host{machine.number}": {
            "overlay_public_ip": f"192.0.2.1{machine.number}",
            "docker_folder": str(docker.folder),
        }
        for machine, docker in zip(machines, dockers, strict=True)
    }
    archive = tmp_path / "image.tar"
    archive.touch()
    variables = {
        "ansible_connection": "local",
        "ansible_python_interpreter": sys.executable,
        "ansible_become": False,
        # Nobody listens on the port of the service discard.
        "overlay_store_endpoints": ["http://127.0.0.1:9"],
        "overlay_store_timeout": 1,
        "verify_image": {"name": "weft/busybox", "archive": str(archive)},
    }
    inventory = {"weft": {"hosts": hosts, "vars": variables}}
    (tmp_path / "hosts.yml").write_text(yaml.safe_dump(inventory))

    done = play(
        *(CHECKOUT, tmp_path, "-i", "hosts.yml", _with_docker_of_each_host(tmp_path)),
        # This machine need not run systemd.
        *("-e", json.dumps({"_overlay_unmet": [], "report_file": str(tmp_path / "report.html")})),
        timeout=280,
    )
    for docker in dockers:
        docker.close()

    assert done.status == 0, done.output
    assert "3 hosts, all reach each other" in done.stdout
    html = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "an earlier task failed on this host" not in html
    assert "6 of 6" in html
    assert "etcd unreachable; all 3 hosts reach each other" in html


def _with_docker_of_each_host(folder: Path) -> Path:
    """Return a copy of the playbook whose plays run the docker command of each host."""
    path = f"{{{{ docker_folder }}}}:{os.environ['PATH']}"
    plays = [{**each, "environment": {"PATH": path}} for each in yaml.safe_load(REPORT.read_text())]
    copy = folder / "playbooks/report.yml"
    copy.parent.mkdir()
    (copy.parent / "tasks").symlink_to(REPORT.parent / "tasks")
    copy.write_text(yaml.safe_dump(plays, sort_keys=False))
    return copy
