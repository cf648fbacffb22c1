# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The molecule scenario that docs/testing_your_fleet.md has to copy."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[3]
_FILE = re.compile(r"^`(molecule/default/\w+\.yml)`[^\n]*\n\n```yaml\n(.*?)^```", re.M | re.S)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with the files of the page, and an inventory."""
    page = (ROOT / "docs/testing_your_fleet.md").read_text(encoding="utf-8")
    for name, text in _FILE.findall(page):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    inventory = {group: {"hosts": {"docker1": None}} for group in ("weft", "weft_etcd")}
    (tmp_path / "hosts.yml").write_text(yaml.safe_dump(inventory), encoding="utf-8")
    return tmp_path


def run(project: Path, program: str, *arguments: str) -> str:
    done = subprocess.run(
        [str(Path(sys.executable).with_name(program)), *arguments],
        cwd=project,
        env=os.environ
        | {
            "ANSIBLE_COLLECTIONS_PATH": f"{ROOT / '.collections'}:{ROOT / '.venv/collections'}",
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "NO_COLOR": "1",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_page_has_all_files(project: Path) -> None:
    page = (ROOT / "docs/testing_your_fleet.md").read_text(encoding="utf-8")
    tree = re.findall(r"(\w+\.yml)$", page.partition("molecule/default/\n")[2][:300], re.MULTILINE)
    assert sorted(tree) == sorted(path.name for path in project.glob("molecule/default/*.yml"))


@pytest.mark.parametrize("playbook", ["converge", "verify", "side_effect", "cleanup"])
def test_each_playbook_can_be_run(project: Path, playbook: str) -> None:
    words = ("--syntax-check", "-i", "hosts.yml", f"molecule/default/{playbook}.yml")
    run(project, "ansible-playbook", *words)


def test_molecule_reads_the_scenario(project: Path) -> None:
    said = run(project, "molecule", "matrix", "test")
    sequence = re.findall(r"─ (\w+) ", said)
    assert sequence == ["converge", "idempotence", "verify", "side_effect", "verify", "cleanup"]
