# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module probe through Ansible: real sockets in the network of a container."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.docker_stand_in import ADDRESS, DockerStandIn

from .ansible_run import Outcome, run_module

IMAGE = "docker.io/library/busybox:stable"


@pytest.fixture
def docker(tmp_path: Path) -> Iterator[DockerStandIn]:
    stand_in = DockerStandIn(tmp_path / "bin")
    yield stand_in
    stand_in.close()


def probe(docker: DockerStandIn, state: str, *flags: str, **options: Any) -> Outcome:
    given = {"state": state, "container": "weft-verify-1", **options}
    return run_module("probe", given, *flags, path=docker.folder)


def start(docker: DockerStandIn, *flags: str, **options: Any) -> Outcome:
    return probe(docker, "started", *flags, host="docker1", image=IMAGE, **options)


def processes_in(network: str) -> list[int]:
    """The processes in a network, as the kernel names it."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if str((entry / "ns/net").readlink()) == network:
                    found.append(int(entry.name))
            except OSError:
                continue  # it has ended
    return found


def test_a_container_answers_is_probed_and_goes_with_its_responder(docker: DockerStandIn) -> None:
    docker.have_image()
    started = start(docker, lifetime=60)
    assert not started.failed, started.output
    assert (started["changed"], started["image_obtained"]) == (True, False)
    assert (started["address"], started["prefix_length"], started["mtu"]) == (ADDRESS, 24, 1472)
    assert (started["docker"], started["daemon"]) == ("28.5.2", None)
    assert started["kernel"] == os.uname().release
    assert docker.command == (
        f"run --detach --rm --network=bridge --name=weft-verify-1 --entrypoint=sleep {IMAGE} 60"
    )
    assert docker.pid is not None
    network = str(Path(f"/proc/{docker.pid}/ns/net").readlink())
    assert len(processes_in(network)) == 2, "the container and its responder"

    assert start(docker)["changed"] is False

    peers = [
        {"name": "docker1", "address": ADDRESS},
        {"name": "docker9", "address": "203.0.113.9"},
    ]
    probed = probe(docker, "probed", peers=peers, timeout=1, attempts=1)
    assert not probed.failed, probed.output
    assert probed["changed"] is False
    own, lost = probed["observations"]
    assert (own["name"], own["sent"], own["received"]) == ("docker1", 5, 5)
    assert own["udp"] == own["tcp"] == {"name": "docker1", "source": ADDRESS, "error": ""}
    assert (own["path_mtu"], own["expected_mtu"]) == (1472, 1472)
    assert (lost["received"], lost["round_trip_ms"], lost["path_mtu"]) == (0, None, None)
    assert lost["tcp"]["error"] == "Network is unreachable"

    measured = probe(docker, "measured", peers=peers, seconds=1, timeout=1)
    there, nowhere = measured["throughput"]
    assert (there["mbit"] > 1, there["error"]) == (True, "")
    assert nowhere["mbit"] is None
    assert "unreachable" in nowhere["error"]

    removed = probe(docker, "absent")
    assert (removed["changed"], removed["heard"]) == (True, [ADDRESS])
    assert docker.pid is None
    deadline = time.monotonic() + 20
    while processes_in(network):
        assert time.monotonic() < deadline, "the responder goes with its container"
        time.sleep(0.1)
    again = probe(docker, "absent")
    assert (again["changed"], again["heard"]) == (False, None)


def test_a_missing_image_is_loaded_from_the_hosts_disk(
    docker: DockerStandIn, tmp_path: Path
) -> None:
    archive = tmp_path / "image.tar"
    archive.touch()
    started = start(docker, archive=str(archive))
    assert not started.failed, started.output
    assert (started["changed"], started["image_obtained"]) == (True, True)


def test_check_mode_starts_and_removes_nothing(docker: DockerStandIn) -> None:
    started = start(docker, "--check")
    assert (started["changed"], started["image_obtained"]) == (True, True)
    assert docker.pid is None
    docker.have_image()
    start(docker)
    assert start(docker, "--check")["changed"] is False
    assert probe(docker, "absent", "--check")["changed"] is True
    assert docker.pid is not None


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "image pull --quiet docker.io/library/busybox:stable': dial tcp: lookup"),
        ({"archive": "/nowhere.tar"}, "open /nowhere.tar: no such file or directory"),
    ],
)
def test_an_image_that_cannot_be_had_is_an_error(
    docker: DockerStandIn, options: dict[str, str], words: str
) -> None:
    started = start(docker, **options)
    assert started.failed
    assert words in started["msg"]
    assert docker.pid is None


def test_a_dockerd_that_is_down_is_an_error_in_its_words(docker: DockerStandIn) -> None:
    docker.go_down()
    started = start(docker)
    assert started.failed
    assert "Cannot connect to the Docker daemon" in started["msg"]


def test_a_port_that_is_taken_in_the_network_of_the_host_does_not_matter(
    docker: DockerStandIn,
) -> None:
    docker.have_image()
    assert not start(docker, port=22).failed


def test_probes_without_a_container_say_so(docker: DockerStandIn) -> None:
    probed = probe(docker, "probed", peers=[])
    assert probed.failed
    assert "no container weft-verify-1 runs" in probed["msg"]


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("seconds", 61, "seconds is 61: it must be from 1 to 60"),
        ("attempts", 0, "attempts is 0: it must be from 1 to 10"),
        ("port", 65536, "port is 65536: it must be from 1 to 65535"),
    ],
)
def test_a_number_out_of_its_bounds_is_refused(
    docker: DockerStandIn, option: str, value: int, words: str
) -> None:
    measured = probe(docker, "measured", peers=[], **{option: value})
    assert measured.failed
    assert measured["msg"] == words


@pytest.mark.parametrize("state", ["probed", "measured"])
def test_peers_are_required(docker: DockerStandIn, state: str) -> None:
    assert "peers" in probe(docker, state)["msg"]
