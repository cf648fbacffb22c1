# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests that select a task do so by its tag `point_...`, which one task has."""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.playbook import REPOSITORY, play, play_until

TAG = re.compile(r"\[point_(\w+)\]")
TESTS = [*(REPOSITORY / "tests/fleet").glob("*.py"), *(REPOSITORY / "tests/modules").glob("*.py")]
LOCAL = (
    *("-i", "localhost,", "-c", "local"),
    *("-e", f"ansible_python_interpreter={sys.executable}"),
)


def tagged() -> list[str]:
    files = (REPOSITORY / "collection").rglob("*.yml")
    return [point for file in files for point in TAG.findall(file.read_text(encoding="utf-8"))]


def test_a_point_is_the_tag_of_one_task() -> None:
    assert [point for point, count in Counter(tagged()).items() if count > 1] == []


@pytest.mark.parametrize("point", tagged())
def test_a_point_is_used_by_a_test(point: str) -> None:
    """Tests and tasks name the same points; otherwise a test fails late, in a lab."""
    pattern = re.compile(rf'"{point}"|POINT {point}\b')
    assert any(pattern.search(file.read_text(encoding="utf-8")) for file in TESTS)


def test_a_name_of_a_point_has_a_task() -> None:
    """By the calls in the tests; parametrized names are covered by the test above."""
    call = re.compile(r'(?:_until\(|interrupt\(\s*"\w+",)\s*"(\w+)"|POINT (\w+)')
    named = {
        name
        for file in TESTS
        for match in call.findall(file.read_text(encoding="utf-8"))
        for name in match
        if name
    }
    assert len(named) > 5
    assert named <= set(tagged())


@pytest.fixture
def playbook(tmp_path: Path) -> str:
    task = {"ansible.builtin.debug": {"msg": "x"}}
    tasks = [
        {"name": "Begin", **task, "tags": ["point_first", "other"]},
        {"name": "End", "ansible.builtin.copy": {"content": "x", "dest": f"{tmp_path}/written"}},
    ]
    tasks[1]["tags"] = ["point_last"]
    play = {"hosts": "localhost", "gather_facts": False, "tasks": tasks}
    path = tmp_path / "play.yml"
    path.write_text(json.dumps([play]), encoding="utf-8")
    return str(path)


def test_a_play_is_killed_before_the_task_of_the_point(tmp_path: Path, playbook: str) -> None:
    printed = play_until("last", "", tmp_path, playbook, *LOCAL)
    assert "POINT first" in printed
    assert not (tmp_path / "written").exists()
    with pytest.raises(AssertionError, match="ended before the task tagged point_none"):
        play_until("none", "", tmp_path, playbook, *LOCAL)


def test_a_run_tells_its_status_and_its_changes(tmp_path: Path, playbook: str) -> None:
    run = play("", tmp_path, playbook, *LOCAL)
    assert (run.status, run.changed()) == (0, {"localhost": 1})
