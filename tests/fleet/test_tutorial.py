# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/tutorial.md, command by command, as a newcomer would go through it, on bare hosts."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.playbook import REPOSITORY, plain_environment

from .console_page import Step, outputs, script, steps
from .fleet_lab import Lab, raised_lab

pytestmark = [pytest.mark.long, pytest.mark.timeout(2400)]

TRANSCRIPT = REPOSITORY / ".cache/tutorial.txt"
# What the lab lacks, the internet above all, and what stands in its place.
# The lab's variables join the copied inventory.
IN_THE_LAB = {
    "weft/overlay/inventory ~/fleet": (
        "weft/overlay/inventory ~/fleet && mkdir ~/fleet/group_vars/all"
        " && cp ~/lab_variables.yml ~/fleet/group_vars/all/lab.yml"
    ),
    "'git+https://github.com/weft/overlay#/collection/'": (
        f"'git+file://{REPOSITORY}#/collection/' --offline"
    ),
    "docker.io/library/busybox:stable": "weft/busybox:latest",
    "192.0.2.": "10.208.0.",
}


@pytest.fixture(scope="module")
def lab(request: pytest.FixtureRequest) -> Iterator[Lab]:
    with raised_lab("tut", "10.208.0.0/24", request, suites=("trixie",) * 4) as lab:
        yield lab


@pytest.fixture
def home(lab: Lab, tmp_path: Path) -> Path:
    """A home without anything but the way into the lab, and what Galaxy would bring."""
    inventory = yaml.safe_load(lab.write_inventory(tmp_path / "lab.yml").read_text("utf-8"))
    variables = tmp_path / "lab_variables.yml"
    variables.write_text(yaml.safe_dump(inventory["all"]["vars"]), "utf-8")
    shutil.copytree(REPOSITORY / ".venv/collections", tmp_path / ".ansible/collections")
    return tmp_path


def test_every_command_of_the_tutorial_works(home: Path) -> None:
    found = steps((REPOSITORY / "docs/tutorial.md").read_text("utf-8"))
    for shown in IN_THE_LAB:
        assert any(shown in step.command for step in found), f"no step says {shown} any more"
    text = script([Step(step.shown, _in_the_lab(step.command)) for step in found])
    TRANSCRIPT.parent.mkdir(exist_ok=True)
    with TRANSCRIPT.open("w") as transcript:
        done = subprocess.run(
            ["/bin/bash", "-c", text],
            cwd=home,
            env={**_newcomer(), "HOME": str(home)},
            stdout=transcript,
            check=False,
        )
    said = outputs(TRANSCRIPT.read_text("utf-8", errors="replace"))
    assert done.returncode == 0, said[-1]
    assert len(said) == len(found)
    again = [output for shown, output in said if shown == "ansible-playbook site.yml"][1]
    assert again.count("changed=0") == 3, again


def _in_the_lab(command: str) -> str:
    for shown, real in IN_THE_LAB.items():
        command = command.replace(shown, real)
    return command


def _newcomer() -> dict[str, str]:
    """An environment that knows nothing of the checkout and its virtual environment."""
    keep = ("PATH", "LANG", "LC_ALL")
    plain = plain_environment()
    environment = {key: plain[key] for key in keep if key in plain}
    environment |= {key: value for key, value in os.environ.items() if key.startswith("PIP_")}
    environment["PATH"] = ":".join(
        folder
        for folder in environment["PATH"].split(":")
        if not folder.startswith(str(REPOSITORY))
    )
    return environment
