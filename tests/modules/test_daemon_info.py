# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module daemon_info, with a real process and a systemctl of the test."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.modules.ansible_run import Outcome, run_module

RELEASE = "0123456789abcdef"
NEWER = "fedcba9876543210"


class Host:
    """An installed release, a unit, settings and a status, and a process that runs the release."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.directory = root / "opt/weft"
        self.unit = root / "weftd.service"
        self.settings, self.status = root / "weftd.json", root / "status.json"
        self.commands = root / "bin"
        self.commands.mkdir()
        for name in (RELEASE, NEWER):
            archive = self.directory / "releases" / name / "weft.pyz"
            archive.parent.mkdir(parents=True)
            with zipfile.ZipFile(archive, "w") as opened:
                opened.writestr(
                    "__main__.py", "import time; print('up', flush=True)\ntime.sleep(60)"
                )
        self.install(RELEASE)
        self.unit.write_text("[Service]\nEnvironment=WEFT_UNIT=d1\n")
        self.settings.write_text("{}")
        archive = self.directory / "releases" / RELEASE / "weft.pyz"
        self.process = subprocess.Popen(
            [sys.executable, "-I", archive, "weftd", "agent"],
            env={**os.environ, "WEFT_UNIT": "d1"},
            stdout=subprocess.PIPE,
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == b"up\n"
        self.write_status(self.process.pid, self.settings.stat().st_mtime_ns)
        self.run_by_systemd(self.process.pid)

    def install(self, name: str) -> None:
        (self.directory / "current").unlink(missing_ok=True)
        (self.directory / "current").symlink_to(f"releases/{name}")

    def write_status(self, pid: int, settings_written_ns: int) -> None:
        document = {"pid": pid, "settings_written_ns": settings_written_ns}
        self.status.write_text(json.dumps(document))

    def run_by_systemd(self, pid: int) -> None:
        command = self.commands / "systemctl"
        command.write_text(
            "#!/bin/sh\n"
            f'case "$*" in *weftd.service) echo MainPID={pid} ;; *) echo MainPID=0 ;; esac\n'
            f"echo FragmentPath={self.unit}\n"
            f"echo ActiveState={'active' if pid else 'inactive'}\n"
            "echo UnitFileState=enabled\n"
        )
        command.chmod(0o755)

    def run(self, **options: Any) -> Outcome:
        settings = {
            "directory": str(self.directory),
            "python": sys.executable,
            "settings": str(self.settings),
            "status": str(self.status),
            **options,
        }
        return run_module("daemon_info", settings, path=self.commands)

    def differences(self, **options: Any) -> list[str]:
        (process,) = self.run(**options)["processes"]
        differences: list[str] = process["differences"]
        return differences


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    host = Host(tmp_path)
    try:
        yield host
    finally:
        host.process.kill()
        host.process.communicate()


def test_a_process_of_the_installed_release_is_not_outdated(host: Host) -> None:
    outcome = host.run()
    assert not outcome["changed"]
    assert (outcome["current"], outcome["outdated"]) == (RELEASE, [])
    assert [unit["active"] for unit in outcome["units"]] == [True, True]
    (process,) = outcome["processes"]
    assert process == {
        "unit": "weftd.service",
        "pid": host.process.pid,
        "release": RELEASE,
        "differences": [],
    }


def test_each_difference_from_the_installed_files_is_reported(host: Host) -> None:
    host.install(NEWER)
    host.unit.write_text("[Service]\nEnvironment=WEFT_UNIT=d2\n")
    os.utime(host.settings, ns=(0, 1))
    outcome = host.run(python="/usr/bin/python3.99")
    assert outcome["outdated"] == ["weftd.service"]
    (process,) = outcome["processes"]
    assert process["differences"] == [
        f"runs release {RELEASE}, {NEWER} is current",
        f"uses the interpreter {sys.executable}, not /usr/bin/python3.99",
        "was started with an older version of its unit",
        "read an older version of the settings file",
    ]


def test_the_status_of_an_earlier_agent_is_ignored(host: Host) -> None:
    host.write_status(host.process.pid + 1, host.settings.stat().st_mtime_ns)
    assert host.differences() == ["read an older version of the settings file"]


def test_a_unit_that_does_not_run_is_not_outdated(host: Host) -> None:
    host.run_by_systemd(0)
    host.install(NEWER)
    outcome = host.run()
    assert (outcome["processes"], outcome["outdated"]) == ([], [])
    assert outcome["units"] == [
        {"unit": unit, "active": False, "enabled": True}
        for unit in ("weft-datapath.service", "weftd.service")
    ]
