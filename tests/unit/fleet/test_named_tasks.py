# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tasks at which the long journeys kill a play are there: a new name would be missed late."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
# A task of a role, as Ansible names it: "etcd : Install etcd from the distribution".
NAMED = re.compile(r'"([a-z_]+ : [A-Z][^"]+)"')


def named_tasks() -> list[tuple[str, str]]:
    return [
        (path.name, name)
        for path in sorted((ROOT / "tests/fleet").glob("test_*.py"))
        for name in NAMED.findall(path.read_text(encoding="utf-8"))
    ]


def test_some_are_named() -> None:
    assert len(named_tasks()) > 3


@pytest.mark.parametrize(("_journey", "name"), named_tasks())
def test_the_role_has_the_task(_journey: str, name: str) -> None:
    role, _, task = name.partition(" : ")
    written = f"- name: {task}\n"
    files = (ROOT / "collection/roles" / role / "tasks").glob("*.yml")
    assert any(written in path.read_text(encoding="utf-8") for path in files)
