# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module daemon, run by Ansible."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.weft.overlay.plugins.module_utils.release.archive import (
    Archive,
    build_archive,
)
from tests.modules.ansible_run import REPOSITORY, Outcome, run_module

COLLECTION = Path("ansible_collections/weft/overlay")
_CACHES = shutil.ignore_patterns("__pycache__", ".mypy_cache")


class Host:
    """A directory for the releases and one for the launchers."""

    def __init__(self, root: Path, collections: Path) -> None:
        self.collections = collections
        self.directory, self.launchers = root / "opt/weft", root / "bin"

    def run(self, *flags: str, collections: Path | None = None, **options: Any) -> Outcome:
        return run_module(
            "daemon",
            {
                "directory": str(self.directory),
                "launcher_directory": str(self.launchers),
                "python": sys.executable,
                **options,
            },
            *flags,
            collections=collections or self.collections,
        )

    def version(self, program: str = "weftd") -> str:
        command = [str(self.launchers / program), "--version"]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture(scope="module")
def collections(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the collection, so that edits of the checkout do not affect the tests."""
    root = tmp_path_factory.mktemp("collections")
    plugins = root / COLLECTION / "plugins"
    shutil.copytree(REPOSITORY / "collection/plugins", plugins, ignore=_CACHES)
    return root


@pytest.fixture(scope="module")
def archive(collections: Path) -> Archive:
    """The archive of the files of the package."""
    root = collections / COLLECTION / "plugins/module_utils/weft"
    paths = root.rglob("*.py")
    return build_archive({path.relative_to(root).as_posix(): path.read_bytes() for path in paths})


@pytest.fixture
def host(tmp_path: Path, collections: Path) -> Host:
    return Host(tmp_path, collections)


@pytest.fixture
def releases(tmp_path: Path, collections: Path) -> list[Path]:
    """Collections with different daemons."""
    paths = []
    for number in range(3):
        root = tmp_path / f"collections-{number}"
        shutil.copytree(collections, root)
        entry = root / COLLECTION / "plugins/module_utils/weft/cli.py"
        entry.write_text(f"{entry.read_text()}\n# release {number}\n")
        paths.append(root)
    return paths


def test_the_payload_has_the_whole_package(host: Host, archive: Archive) -> None:
    """The archive built from Ansible's payload equals the one built from a checkout."""
    path = Path(host.run()["path"])
    assert _files(path.read_bytes()) == _files(archive.content), "not imported"
    assert path.read_bytes() == archive.content
    assert path.parent.name == archive.digest[:16]


@pytest.mark.parametrize("python", [sys.executable, "/usr/bin/python3"])
def test_the_digest_does_not_depend_on_the_hosts_python(
    host: Host, archive: Archive, python: str
) -> None:
    outcome = run_module(
        "daemon",
        {"directory": str(host.directory), "launcher_directory": str(host.launchers)},
        "--check",
        python=python,
        collections=host.collections,
    )
    assert outcome["digest"] == archive.digest
    assert not host.directory.exists()


@pytest.mark.parametrize(
    ("file", "is_new_release"),
    [
        ("weft/cli.py", True),
        ("weft/datapath/policy.py", True),
        ("docker/restart.py", False),
        ("release/archive.py", False),
        ("host_state.py", False),
    ],
)
def test_only_an_edit_of_the_daemon_changes_the_digest(
    host: Host, archive: Archive, tmp_path: Path, file: str, is_new_release: bool
) -> None:
    """As sent by Ansible: an edit elsewhere restarts no agent."""
    collections = tmp_path / "edited"
    shutil.copytree(host.collections, collections)
    with (collections / COLLECTION / "plugins/module_utils" / file).open("a") as edited:
        edited.write("\n# edited\n")
    outcome = host.run("--check", collections=collections)
    assert (outcome["digest"] != archive.digest) == is_new_release


def test_the_module_runs_from_a_directory_too(host: Host, archive: Archive) -> None:
    arguments = {"directory": str(host.directory), "launcher_directory": str(host.launchers)}
    process = subprocess.run(
        [sys.executable, "-m", "ansible_collections.weft.overlay.plugins.modules.daemon"],
        input=json.dumps({"ANSIBLE_MODULE_ARGS": {**arguments, "_ansible_check_mode": True}}),
        env={**os.environ, "PYTHONPATH": str(host.collections)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(process.stdout)["digest"] == archive.digest


def test_it_is_installed_once_and_runs(host: Host) -> None:
    predicted = host.run("--check", "--diff")
    assert predicted["changed"]
    assert not host.directory.exists()
    first = host.run()
    for key in ("digest", "current", "previous", "releases", "path"):
        assert first[key] == predicted[key]
    assert f"+current -> {first['current']}" in predicted.output
    assert host.version("weftd") == host.version("weftctl") == first["current"]
    again = host.run("--diff")
    assert not again["changed"]
    assert "+++" not in again.output


def test_files_have_fixed_modes(host: Host) -> None:
    mask = os.umask(0o077)
    try:
        name = host.run()["current"]
    finally:
        os.umask(mask)
    modes = {
        path: (host.directory / path).stat().st_mode & 0o7777
        for path in (".", "releases", f"releases/{name}", f"releases/{name}/weft.pyz")
    }
    assert list(modes.values()) == [0o755, 0o755, 0o755, 0o644]
    assert (host.launchers / "weftd").stat().st_mode & 0o7777 == 0o755


def test_releases_are_installed_and_rolled_back(host: Host, releases: list[Path]) -> None:
    first, second, third = (host.run(collections=path, keep=2)["current"] for path in releases)
    assert len({first, second, third}) == 3
    assert _names(host.directory / "releases") == {second, third}
    predicted = host.run("--check", state="previous")
    assert (predicted["changed"], predicted["current"]) == (True, second)
    assert host.version() == third
    back = host.run(state="previous")
    assert (back["changed"], back["current"], host.version()) == (True, second, second)
    assert not host.run(state="previous")["changed"]
    again = host.run(collections=releases[2], keep=2)
    assert (again["current"], again["previous"]) == (third, second)
    assert not host.run(collections=releases[2], keep=2)["changed"]


@pytest.mark.timeout(300)
def test_an_older_release_is_refused_unless_asked_for(host: Host, releases: list[Path]) -> None:
    """Two controllers with different collections of the same version."""
    old, new, _third = releases
    first = host.run(collections=old, allow_downgrade=False)["current"]
    second = host.run(collections=new, allow_downgrade=False)["current"]
    refused = host.run("--check", collections=old, allow_downgrade=False)
    assert refused.failed
    assert f"the current release {second} was installed after it" in refused["msg"]
    assert host.version() == second
    assert host.run(collections=old)["current"] == first


def test_a_running_program_keeps_its_release(host: Host, releases: list[Path]) -> None:
    """The launcher resolves the link, so that no program reads files of two releases."""
    name = host.run(collections=releases[0])["current"]
    launcher = (host.launchers / "weftd").read_text()
    shown = launcher.replace(f"exec {sys.executable} -I", "echo")
    started = subprocess.run(["sh", "-c", shown], capture_output=True, text=True, check=True)
    assert started.stdout == f"{host.directory}/releases/{name}/weft.pyz weftd\n"


def test_a_rollback_without_a_previous_release_fails(host: Host) -> None:
    for flags in ((), ("--check",)):
        outcome = host.run(*flags, state="previous")
        assert outcome.failed
        assert "no release was installed before" in outcome["msg"]
    assert not host.directory.exists()


def test_a_damaged_release_and_launcher_are_repaired(host: Host) -> None:
    path = Path(host.run()["path"])
    content = path.read_bytes()
    path.write_bytes(content[:-1])
    predicted = host.run("--check", "--diff")
    assert predicted["changed"]
    assert "is damaged" in predicted.output
    assert host.run()["changed"]
    assert path.read_bytes() == content
    (host.launchers / "weftctl").chmod(0o644)
    assert host.run()["changed"]
    assert host.version("weftctl") == path.parent.name


def test_another_interpreter_changes_only_the_launchers(host: Host) -> None:
    before = host.run()
    other = host.run(python="/usr/bin/python3")
    assert (other["changed"], other["releases"]) == (True, before["releases"])
    assert "exec /usr/bin/python3 -I" in (host.launchers / "weftd").read_text()


@pytest.mark.parametrize("python", ["/nonexistent/python", "/bin/false"])
def test_an_interpreter_that_cannot_run_it_changes_nothing(host: Host, python: str) -> None:
    outcome = host.run(python=python)
    assert outcome.failed
    assert f"{python} cannot run release" in outcome["msg"]
    assert not host.directory.exists()
    assert not host.launchers.exists()


def test_a_launcher_of_another_owner_is_not_changed(host: Host) -> None:
    host.launchers.mkdir()
    other = host.launchers / "weftd"
    other.write_text("#!/bin/sh\necho mine\n")
    outcome = host.run()
    assert outcome.failed
    assert str(other) in outcome["msg"]
    assert not host.directory.exists()
    host.run(state="absent")
    assert other.exists()


def test_absent_removes_what_was_installed(host: Host) -> None:
    host.run()
    (host.directory / "mine.txt").write_text("")
    assert host.run("--check", state="absent")["changed"]
    assert host.version()
    assert host.run(state="absent")["changed"]
    assert _names(host.directory) == {"mine.txt"}
    assert _names(host.launchers) == set()
    assert not host.run(state="absent")["changed"]


def _names(directory: Path) -> set[str]:
    return {path.name for path in directory.iterdir()}


def _files(archive: bytes) -> set[str]:
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        return set(opened.namelist())
