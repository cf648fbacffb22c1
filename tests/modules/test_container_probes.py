# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules probe_container and container_probe_info: real sockets in a container's network."""

from __future__ import annotations

import os
import subprocess
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


def run(docker: DockerStandIn, module: str, *flags: str, **options: Any) -> Outcome:
    given = {"container": "weft-verify-1", **options}
    return run_module(module, given, *flags, path=docker.folder)


def start(docker: DockerStandIn, *flags: str, **options: Any) -> Outcome:
    return run(docker, "probe_container", *flags, host="docker1", image=IMAGE, **options)


def probe(docker: DockerStandIn, *flags: str, **options: Any) -> Outcome:
    return run(docker, "container_probe_info", *flags, **options)


def remove(docker: DockerStandIn, *flags: str, **options: Any) -> Outcome:
    return run(docker, "probe_container", *flags, state="absent", **options)


def probe_before_2(docker: DockerStandIn, state: str, *flags: str, **options: Any) -> Outcome:
    """The deprecated module."""
    return run(docker, "probe", *flags, state=state, **options)


def processes_in(network: str) -> list[int]:
    """The processes in a network namespace, given as the kernel names it."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if str((entry / "ns/net").readlink()) == network:
                    found.append(int(entry.name))
            except OSError:
                continue  # it has ended
    return found


def test_a_container_is_started_probed_and_removed(
    docker: DockerStandIn,
) -> None:
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
    probed = probe(docker, peers=peers, timeout=1, attempts=1)
    assert not probed.failed, probed.output
    assert probed["changed"] is False
    assert "throughput" not in probed.result
    own, lost = probed["observations"]
    assert (own["name"], own["sent"], own["received"]) == ("docker1", 5, 5)
    assert own["udp"] == own["tcp"] == {"name": "docker1", "source": ADDRESS, "error": ""}
    assert (own["path_mtu"], own["expected_mtu"]) == (1472, 1472)
    assert (lost["received"], lost["round_trip_ms"], lost["path_mtu"]) == (0, None, None)
    assert lost["tcp"]["error"] == "Network is unreachable"

    measured = probe(docker, probes=["throughput"], peers=peers, seconds=1, timeout=1)
    assert "observations" not in measured.result
    there, unreachable = measured["throughput"]
    assert (there["mbit"] > 1, there["error"]) == (True, "")
    assert unreachable["mbit"] is None
    assert "unreachable" in unreachable["error"]

    removed = remove(docker)
    assert (removed["changed"], removed["sources"]) == (True, [ADDRESS])
    assert docker.pid is None
    deadline = time.monotonic() + 20
    while processes_in(network):
        assert time.monotonic() < deadline, "the responder ends with its container"
        time.sleep(0.1)
    again = remove(docker)
    assert (again["changed"], again["sources"]) == (False, None)


def test_a_missing_image_is_loaded_from_its_archive(docker: DockerStandIn, tmp_path: Path) -> None:
    archive = tmp_path / "image.tar"
    archive.touch()
    started = start(docker, archive=str(archive))
    assert not started.failed, started.output
    assert (started["changed"], started["image_obtained"]) == (True, True)


def test_without_an_image_one_is_made_of_the_hosts_own_program(
    docker: DockerStandIn, tmp_path: Path
) -> None:
    started = run(docker, "probe_container", host="docker1")
    assert not started.failed, started.output
    assert (started["changed"], started["image_obtained"]) == (True, True)
    assert docker.command.endswith("--entrypoint=sleep weft/probe:local 900")
    root = tmp_path / "root"
    root.mkdir()
    subprocess.run(["tar", "-C", root, "-xf", docker.root], check=True)
    subprocess.run(["chroot", root, "sleep", "0"], env={"PATH": "/bin:/usr/sbin"}, check=True)
    remove(docker)
    assert run(docker, "probe_container", host="docker1")["image_obtained"] is False


def test_check_mode_starts_and_removes_nothing(docker: DockerStandIn) -> None:
    started = start(docker, "--check")
    assert (started["changed"], started["image_obtained"]) == (True, True)
    assert docker.pid is None
    docker.have_image()
    start(docker)
    assert start(docker, "--check")["changed"] is False
    assert remove(docker, "--check")["changed"] is True
    assert docker.pid is not None


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "image pull --quiet docker.io/library/busybox:stable': dial tcp: lookup"),
        ({"archive": "/nowhere.tar"}, "open /nowhere.tar: no such file or directory"),
    ],
)
def test_an_image_that_cannot_be_obtained_is_an_error(
    docker: DockerStandIn, options: dict[str, str], words: str
) -> None:
    started = start(docker, **options)
    assert started.failed
    assert words in started["msg"]
    assert docker.pid is None


def test_the_error_of_a_stopped_dockerd_is_reported(docker: DockerStandIn) -> None:
    docker.go_down()
    started = start(docker)
    assert started.failed
    assert "Cannot connect to the Docker daemon" in started["msg"]


def test_a_port_in_use_on_the_host_is_free_in_the_container(
    docker: DockerStandIn,
) -> None:
    docker.have_image()
    assert not start(docker, port=22).failed


def test_probes_without_a_container_fail(docker: DockerStandIn) -> None:
    probed = probe(docker, peers=[])
    assert probed.failed
    assert "container weft-verify-1 does not run" in probed["msg"]


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
    measured = probe(docker, peers=[], **{option: value})
    assert measured.failed
    assert measured["msg"] == words


def test_peers_are_required(docker: DockerStandIn) -> None:
    assert "peers" in probe(docker)["msg"]


def test_the_deprecated_module_still_works(docker: DockerStandIn) -> None:
    docker.have_image()
    options = {"host": "docker1", "image": IMAGE}
    assert probe_before_2(docker, "started", "--check", **options)["changed"] is True
    assert docker.pid is None
    started = probe_before_2(docker, "started", lifetime=60, **options)
    assert (started["changed"], started["address"]) == (True, ADDRESS)
    assert "weft.overlay.probe_container" in started.output, "the deprecation warning"

    peers = [{"name": "docker1", "address": ADDRESS}]
    assert probe_before_2(docker, "probed", "--check", peers=peers).result == {"changed": False}
    probed = probe_before_2(docker, "probed", peers=peers, timeout=1, attempts=1)
    assert [each["received"] for each in probed["observations"]] == [5]
    measured = probe_before_2(docker, "measured", peers=peers, seconds=1)
    assert measured["throughput"][0]["mbit"] > 1

    assert probe_before_2(docker, "absent", "--check")["changed"] is True
    removed = probe_before_2(docker, "absent")
    assert (removed["changed"], removed["heard"]) == (True, [ADDRESS])
    assert docker.pid is None


@pytest.mark.parametrize(
    ("state", "options", "words"),
    [
        ("started", {}, "host"),
        ("probed", {}, "peers"),
        ("measured", {}, "peers"),
        ("stopped", {}, "started, probed, measured, absent"),
        ("absent", {"force": True}, "Unsupported parameters for probe: force"),
    ],
)
def test_the_deprecated_module_refuses_what_it_refused(
    docker: DockerStandIn, state: str, options: dict[str, Any], words: str
) -> None:
    outcome = probe_before_2(docker, state, **options)
    assert outcome.failed
    assert words in outcome["msg"]
