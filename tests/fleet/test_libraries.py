# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host whose apt has none of the libraries gets them as wheels, beside one that has packages.

Only the controller reaches a package index. The bare host holds the store and provides for both.
The tests are steps: each goes on from what the one before it left.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.playbook import Run, play

from .fleet_lab import Lab, raised_lab

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]

QUIET = {"whl1": 0, "whl2": 0}
LIBRARIES = "python3-cryptography python3-etcd3 python3-prometheus-client python3-pyroute2"
# Without their dependencies no package of the kind can come along with another.
PINNED = f"{LIBRARIES} python3-grpcio python3-protobuf python3-cffi-backend python3-tenacity"

Play = Callable[..., Run]


@pytest.fixture(scope="module")
def lab(request: pytest.FixtureRequest) -> Iterator[Lab]:
    with raised_lab("whl", "10.206.0.0/24", request) as lab:
        text = f"Package: {PINNED}\\nPin: release *\\nPin-Priority: -1\\n"
        lab.on(1, f"printf '{text}' > /etc/apt/preferences.d/none")
        yield lab


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fleet")


@pytest.fixture(scope="module")
def run(lab: Lab, collections: Path, folder: Path) -> Play:
    """Run a playbook with what an inventory for such hosts says."""
    inventory = lab.write_inventory(folder / "hosts.yml")
    variables = {"weft_libraries": "auto", "weft_wheels_directory": str(folder / "wheels")}
    extra = ("-i", str(inventory), "-e", json.dumps(variables))

    def run_here(playbook: str, *arguments: str) -> Run:
        return play(collections, folder, f"weft.overlay.{playbook}", *extra, *arguments)

    return run_here


def installed(lab: Lab, host: int) -> set[str]:
    query = "dpkg-query --show --showformat='${Package} ${db:Status-Status}\\n'"
    rows = lab.on(host, f"{query} {LIBRARIES} 2>/dev/null || true").splitlines()
    return {row.split()[0] for row in rows if row.endswith(" installed")}


def daemons_python(lab: Lab) -> str:
    line = "$(systemctl show --value --property=MainPID weftd.service)/cmdline"
    return lab.on(1, f"tr '\\0' '\\n' < /proc/{line}").splitlines()[0]


def test_the_bare_host_has_neither_libraries_nor_pip(lab: Lab) -> None:
    assert "Candidate: (none)" in lab.on(1, "LC_ALL=C apt-cache policy python3-etcd3")
    for name in ("cryptography", "etcd3", "grpc", "pyroute2", "pip", "ensurepip"):
        missing = lab.on(1, f"python3 -c 'import {name}' 2>&1 || true")
        assert f"No module named '{name}'" in missing


def test_site_asks_for_wheels_that_nobody_gathered(run: Play, folder: Path) -> None:
    refused = run("site")
    assert refused.status != 0
    assert "run the playbook weft.overlay.gather_wheels" in " ".join(refused.output.split())


def test_wheels_are_gathered_once_for_the_host_that_needs_them(run: Play, folder: Path) -> None:
    foretold = run("gather_wheels", "--check")
    assert foretold.status == 0, foretold.output
    assert "A real run downloads" in foretold.output
    assert not list(folder.glob("wheels/*"))
    gathered = run("gather_wheels")
    assert gathered.status == 0, gathered.output
    (archive,) = folder.glob("wheels/*.tar")
    assert "-cp313-" in archive.name
    again = run("gather_wheels")
    assert again.status == 0, again.output
    assert again.changed() == QUIET


def test_check_mode_before_the_first_run_goes_through(run: Play) -> None:
    foretold = run("site", "--check", "--diff")
    assert foretold.status == 0, foretold.output


def test_site_converges_both_without_a_package_index(lab: Lab, run: Play) -> None:
    done = run("site")
    assert done.status == 0, done.output
    assert "2 hosts, all reach each other" in done.output
    assert installed(lab, 1) == set()
    assert installed(lab, 2) == set(LIBRARIES.split())
    assert lab.on(2, "ls /opt/weft/venvs 2>/dev/null || true") == ""
    assert daemons_python(lab).startswith("/opt/weft/venvs/3.13-")
    assert lab.on(1, "ls /opt/weft/venvs/*/wheels 2>/dev/null || true") == ""


def test_the_daemon_has_every_library(lab: Lab) -> None:
    status = json.loads(lab.on(1, "weftctl status --json"))
    assert status["agent"]["ready"] is True
    address = "http://127.0.0.1:19285/metrics"
    ask = f"import urllib.request as u; print(u.urlopen('{address}').read().decode())"
    assert "weft_" in lab.on(1, f'python3 -c "{ask}"')


def test_the_second_run_and_its_check_change_nothing(run: Play) -> None:
    for arguments in ((), ("--check", "--diff")):
        again = run("site", *arguments)
        assert again.status == 0, again.output
        assert again.changed() == QUIET


def test_a_broken_environment_is_made_anew_and_an_old_one_goes(lab: Lab, run: Play) -> None:
    lab.on(1, "rm /opt/weft/venvs/*/complete && mkdir /opt/weft/venvs/3.10-0123456789ab")
    done = run("site", "--tags", "install,run", "--limit", "whl1")
    assert done.status == 0, done.output
    (name,) = lab.on(1, "ls /opt/weft/venvs").split()
    assert name.startswith("3.13-")
    assert lab.on(1, "ls /opt/weft/venvs/*/complete")


def test_playbooks_that_ask_the_store_find_the_environment(run: Play, folder: Path) -> None:
    saved = run("backup", "-e", f"backup_directory={folder}/backup")
    assert saved.status == 0, saved.output
    assert "leases of 100.96.0.0/16" in saved.output


def test_destroy_takes_the_environments_away(lab: Lab, run: Play) -> None:
    done = run("destroy", "-e", "weft_confirm='destroy 2 hosts'")
    assert done.status == 0, done.output
    assert lab.on(1, "ls -d /opt/weft 2>/dev/null || true") == ""
    again = run("destroy", "-e", "weft_confirm='destroy 2 hosts'")
    assert again.status == 0, again.output
    assert again.changed() == QUIET
