# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever stops a lab on its way, nothing of it stays on the machine."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.lab.lab_command import PYTHON, ROOT, LabCommand, interrupted
from tests.waiting import eventually

UP = ("up", "--hosts", "2", "--underlay", "10.169.78.0/24")

# Moments on the way up, by what then exists.
MOMENTS = {
    "state": Path("/run/weft-lab/labother/lab.json"),
    "bridge": Path("/sys/class/net/br-labother"),
    "files": Path("/var/lib/weft-lab/labother/labother2/upper/etc/hosts"),
    "link": Path("/sys/class/net/ve-labother1"),
    "namespace": Path("/run/netns/labother-labother2"),
}

BUILD_ELSEWHERE = """
import pathlib, sys
from lab import paths
paths.CACHE = pathlib.Path(sys.argv[1])
from lab.cli import main
sys.exit(main(["image", "--suite", "trixie"]))
"""


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_interrupted_up_leaves_nothing(
    other: LabCommand, number: signal.Signals, moment: str
) -> None:
    outcome = interrupted(other.begin(*UP), number, MOMENTS[moment].exists)
    assert (outcome.code, outcome.stderr.splitlines()[-1]) == (130, "lab: interrupted")
    assert other.traces() == []


def test_up_interrupted_while_systemd_boots_leaves_nothing(other: LabCommand) -> None:
    console = Path("/run/weft-lab/labother/labother1.log")
    outcome = interrupted(
        other.begin(*UP), signal.SIGINT, lambda: console.exists() and console.stat().st_size > 500
    )
    assert outcome.code == 130
    assert other.traces() == []


def test_down_clears_what_a_killed_up_left(other: LabCommand) -> None:
    interrupted(other.begin(*UP), signal.SIGKILL, MOMENTS["link"].exists)
    assert other.traces() != []
    assert other("down").ok().stderr == "lab labother: down\n"
    assert other.traces() == []
    assert other("down").ok().stderr == "lab labother: nothing to take down\n"


def test_down_needs_no_record(other: LabCommand) -> None:
    other(*UP).ok()
    MOMENTS["state"].unlink()
    other("down").ok()
    assert other.traces() == []


def test_up_clears_what_an_earlier_lab_left(other: LabCommand) -> None:
    interrupted(other.begin(*UP), signal.SIGKILL, MOMENTS["files"].exists)
    MOMENTS["state"].unlink()
    other(*UP).ok()
    other("exec", "all", "--", "true").ok()


def test_host_that_does_not_boot_fails_the_lab_and_shows_its_console(
    other: LabCommand, tmp_path: Path
) -> None:
    broken = tmp_path / "systemd-nspawn"
    broken.write_text("#!/bin/sh\necho no such luck\nexit 1\n")
    broken.chmod(0o755)
    outcome = LabCommand(other.name, tmp_path)(*UP)
    assert outcome.code == 1
    assert outcome.stderr.startswith("lab: labother1 went off while booting\n")
    assert "no such luck" in outcome.stderr
    assert other.traces() == []


def test_interrupted_growth_keeps_the_lab_as_it_was(other: LabCommand) -> None:
    other(*UP).ok()
    third = Path("/run/netns/labother-labother3")
    outcome = interrupted(other.begin("up", "--hosts", "3"), signal.SIGINT, third.exists)
    assert outcome.code == 130
    assert not [trace for trace in other.traces() if "labother3" in trace]
    assert other("up").ok().stderr == "lab labother: up already, 2 hosts\n"


@pytest.mark.timeout(300)
def test_stopped_builds_leave_no_mount_and_no_process(tmp_path: Path) -> None:
    killed = interrupted(_build(tmp_path), signal.SIGKILL, lambda: _has(tmp_path, "debootstrap"))
    assert killed.code == -signal.SIGKILL
    _await_end_of(str(tmp_path))
    assert str(tmp_path) not in Path("/proc/mounts").read_text()

    # Base packages are unpacked by then, with /proc mounted among them.
    ended = interrupted(_build(tmp_path), signal.SIGTERM, lambda: _has(tmp_path, "usr/bin/dpkg"))
    assert (ended.code, ended.stderr.splitlines()[-1]) == (130, "lab: interrupted")
    _await_end_of(str(tmp_path))
    assert str(tmp_path) not in Path("/proc/mounts").read_text()
    assert list(tmp_path.iterdir()) == []


def test_who_is_not_root_is_told() -> None:
    nobody = subprocess.run(
        ["setpriv", "--reuid", "65534", "--clear-groups", PYTHON, "-m", "lab", "up"],
        cwd=ROOT,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert nobody.returncode == 1
    assert nobody.stderr == ("lab: the lab makes namespaces, mounts and a bridge: run it as root\n")


def _build(cache: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [PYTHON, "-c", BUILD_ELSEWHERE, cache],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _has(cache: Path, name: str) -> bool:
    return any(cache.glob(f".trixie-*.building/{name}"))


def _await_end_of(word: str) -> None:
    """Wait till no process names the word; what was killed may take a moment to die."""

    def has_ended() -> bool:
        return word not in subprocess.check_output(["ps", "-eo", "args"], text=True)

    eventually(has_ended, f"processes with {word} have ended", pause=0.1)
