# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role verify by ansible-playbook, on hosts that differ in their containers' networks alone."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import junitparser
import pytest
import yaml

from tests.docker_stand_in import DockerStandIn
from tests.playbook import CHECKOUT, Run, play

from .namespaces import Namespaces
from .overlay_hosts import Machine
from .probed_fleet import raise_routed


@dataclass
class Fleet:
    """Machines, each with a docker of its own."""

    machines: list[Machine]
    dockers: list[DockerStandIn]
    folder: Path

    def verify(self, *flags: str, **variables: Any) -> Run:
        """Run the role, with ``archive`` for the image."""
        archive = self.folder / "image.tar"
        archive.touch()
        given = {
            "verify_image": {"name": "weft/busybox", "archive": str(archive)},
            "verify_timeout": 2,
            "verify_attempts": 2,
            "verify_output_directory": str(self.folder / "results"),
            **variables,
        }
        return play(
            CHECKOUT,
            self.folder,
            *flags,
            *("--inventory", str(self._inventory()), str(self._playbook())),
            *("--extra-vars", json.dumps(given)),
            timeout=280,
        )

    def document(self) -> dict[str, Any]:
        path = self.folder / "results/verification.json"
        read: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return read

    def _inventory(self) -> Path:
        hosts = {
            f"host{machine.number}": {
                "ansible_connection": "local",
                "ansible_python_interpreter": str(_python_with(docker)),
            }
            for machine, docker in zip(self.machines, self.dockers, strict=True)
        }
        path = self.folder / "hosts.yml"
        path.write_text(yaml.safe_dump({"all": {"hosts": hosts}}))
        return path

    def _playbook(self) -> Path:
        play = {
            "hosts": "all",
            "gather_facts": False,
            "roles": ["weft.overlay.verify"],
        }
        path = self.folder / "play.yml"
        path.write_text(yaml.safe_dump([play]))
        return path


def _python_with(docker: DockerStandIn) -> Path:
    """Return a Python that finds this docker, also in a task that another host delegates."""
    path = docker.folder / "python"
    path.write_text(
        f'#!/bin/sh\nPATH="{docker.folder}:$PATH"\nexport PATH\nexec {sys.executable} "$@"\n'
    )
    path.chmod(0o755)
    return path


@pytest.fixture
def fleet(made: Namespaces, tmp_path: Path) -> Iterator[Fleet]:
    machines = raise_routed(made, 3)
    dockers = [
        DockerStandIn(
            tmp_path / f"host{machine.number}", machine.container.name, machine.container_ip
        )
        for machine in machines
    ]
    yield Fleet(machines, dockers, tmp_path)
    for docker in dockers:
        docker.close()


def recap(output: str) -> list[str]:
    """What each host came to."""
    return [line for line in output.splitlines() if " : ok=" in line]


@pytest.mark.timeout(600)
def test_a_fleet_is_verified_and_the_results_are_written(fleet: Fleet) -> None:
    preview = fleet.verify("--check")
    assert preview.status == 0, preview.output
    assert "check mode starts none" in preview.stdout
    assert not (fleet.folder / "results").exists()

    first = fleet.verify(verify_throughput_pairs=2, verify_throughput_seconds=1)
    assert first.status == 0, first.output
    assert "3 hosts, all reach each other" in first.stdout
    assert all("changed=1 " in line for line in recap(first.stdout)), "the image was loaded"
    assert re.search(r"^from \\ to +host1 +host2 +host3$", first.stdout, re.MULTILINE)
    assert re.search(r"^host1 +100\.96\.1\.2 +- +ok [\d.]+ +ok [\d.]+$", first.stdout, re.MULTILINE)
    document = fleet.document()
    assert (len(document["hosts"]), len(document["pairs"]), document["problems"]) == (3, 6, [])
    measured = {(pair["from"], pair["to"]) for pair in document["pairs"] if pair["throughput_mbit"]}
    assert measured == {("host1", "host2"), ("host2", "host3")}
    assert all(pair["path_mtu"] == 1500 for pair in document["pairs"])
    suites = junitparser.JUnitXml.fromfile(str(fleet.folder / "results/verification.xml"))
    assert (suites.tests, suites.failures, suites.errors) == (6, 0, 0)

    second = fleet.verify()
    assert second.status == 0, second.output
    assert len(recap(second.stdout)) == 3
    assert all("changed=0 " in line for line in recap(second.stdout))
    assert [docker.pid for docker in fleet.dockers] == [None] * 3


@pytest.mark.timeout(600)
def test_what_fails_is_told_written_and_cleaned_up(fleet: Fleet) -> None:
    fleet.machines[1].namespace.run(
        *("iptables", "-A", "FORWARD", "-s", fleet.machines[0].container_ip, "-p", "tcp"),
        *("-m", "conntrack", "--ctstate", "NEW", "-j", "DROP"),
    )
    run = fleet.verify()
    assert run.status == 2, run.output
    assert "all reach each other" not in run.stdout
    assert "host1 -> host2: TCP to a port that is not published is not answered" in run.stdout
    (problem,) = fleet.document()["problems"]
    assert problem.startswith("host1 -> host2: ")
    suites = junitparser.JUnitXml.fromfile(str(fleet.folder / "results/verification.xml"))
    assert (suites.tests, suites.failures) == (6, 1)
    assert [docker.pid for docker in fleet.dockers] == [None] * 3

    # The others are verified without the host whose Docker is down, which is in the document.
    fleet.machines[1].namespace.run("iptables", "-F", "FORWARD")
    fleet.dockers[2].go_down()
    run = fleet.verify()
    assert run.status == 2, run.output
    assert "Cannot connect to the Docker daemon" in run.stdout
    assert "2 hosts, all reach each other" in run.stdout
    document = fleet.document()
    assert [host["container"] for host in document["hosts"]] == ["100.96.1.2", "100.96.2.2", ""]
    assert "2 hosts, all reach each other; not verified: host3" in run.stdout
    (problem,) = document["problems"]
    assert problem.startswith("host3: no container was started: 'docker ")
    assert "Cannot connect to the Docker daemon" in problem
    assert "see 'systemctl status docker' there" in problem
    assert document["hosts"][2]["problems"] == [problem.removeprefix("host3: ")]
    assert len(document["pairs"]) == 2
    suites = junitparser.JUnitXml.fromfile(str(fleet.folder / "results/verification.xml"))
    assert (suites.tests, suites.errors) == (3, 1)


@pytest.mark.timeout(600)
def test_one_host_is_not_said_to_reach_others(fleet: Fleet) -> None:
    run = fleet.verify("--limit", "host1")
    assert run.status == 0, run.output
    assert "1 host, and there is no other to reach" in run.stdout
    assert "all reach each other" not in run.stdout
    assert (fleet.document()["pairs"], fleet.document()["problems"]) == ([], [])

    fleet.dockers[1].go_down()
    run = fleet.verify("--limit", "host1,host2")
    assert run.status == 2, run.output
    assert "1 host, and there is no other to reach; not verified: host2" in run.stdout
    assert "all reach each other" not in run.stdout
    (problem,) = fleet.document()["problems"]
    assert problem.startswith("host2: no container was started: ")


@pytest.mark.timeout(600)
def test_a_new_host_is_verified_against_the_fleet(fleet: Fleet) -> None:
    run = fleet.verify("--limit", "host3", verify_group="all")
    assert run.status == 0, run.output
    assert "3 hosts, all reach each other" in run.stdout
    assert len(fleet.document()["pairs"]) == 6
    assert set(run.recap) == {"host3"}
    assert [docker.pid for docker in fleet.dockers] == [None] * 3

    # A fault between the others is theirs; a host that cannot be probed does not stop the run.
    fleet.machines[1].namespace.run("iptables", "-I", "FORWARD", "-j", "DROP")
    run = fleet.verify("--limit", "host3", verify_group="all")
    assert run.status == 2, run.output
    fleet.dockers[1].go_down()
    run = fleet.verify("--limit", "host3", verify_group="all")
    assert run.status == 0, run.output
    assert "2 hosts, all reach each other; not verified: host2" in run.stdout


@pytest.mark.timeout(600)
def test_a_variable_out_of_its_bounds_is_refused_before_anything_starts(fleet: Fleet) -> None:
    run = fleet.verify(verify_throughput_seconds=61)
    assert run.status == 2, run.output
    assert "verify_throughput_seconds 61 (1 to 60)" in run.stdout
    assert not (fleet.folder / "results").exists()
