# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each step of a role can be run by its tags, which also hold inside, and its README lists them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROLES = Path(__file__).parents[3] / "collection/roles"
SITE = ROLES.parent / "playbooks/site.yml"
NAMES = sorted(path.name for path in ROLES.iterdir() if path.is_dir())

_INCLUDES = ("ansible.builtin.include_tasks", "ansible.builtin.include_role")
_CELL = re.compile(r"^\| (`[^|]+) \|", re.MULTILINE)


def steps(role: str) -> list[dict[str, Any]]:
    loaded: list[dict[str, Any]] = yaml.safe_load(
        (ROLES / role / "tasks/main.yml").read_text(encoding="utf-8")
    )
    assert loaded
    return loaded


def tags(step: dict[str, Any]) -> set[str]:
    return set(step.get("tags", ()))


@pytest.mark.parametrize("role", NAMES)
def test_each_step_has_a_tag_of_the_role(role: str) -> None:
    """With `STEP` goes `ROLE_STEP`; a role that runs as a whole or not at all has its own name."""
    for step in steps(role):
        given = tags(step) - {"always"}
        of_all = {tag for tag in given if not tag.startswith(role)}
        assert {f"{role}_{tag}" for tag in of_all} <= given, step["name"]
        assert given or tags(step) == {"always"}, step["name"]


@pytest.mark.parametrize("role", NAMES)
def test_the_tags_of_a_step_hold_inside_it(role: str) -> None:
    """An include that a tag reaches runs nothing if its tasks do not have the tag, too."""
    for step in steps(role):
        for word in _INCLUDES:
            if word in step:
                inside = set(step[word].get("apply", {}).get("tags", ()))
                assert tags(step) <= inside, step["name"]


@pytest.mark.parametrize("role", NAMES)
def test_the_readme_lists_the_tags(role: str) -> None:
    readme = (ROLES / role / "README.md").read_text(encoding="utf-8")
    table = readme.partition("\n## Tags")[2].partition("\n## ")[0]
    listed = {tag for cell in _CELL.findall(table) for tag in re.findall(r"`(\w+)`", cell)}
    inside = {
        tag
        for step in steps(role)
        for word in (*_INCLUDES, "ansible.builtin.import_tasks")
        if word in step
        for tag in (
            *tags(step),
            *(step[word].get("apply", {}).get("tags", ()) if isinstance(step[word], dict) else ()),
        )
    }
    assert listed == inside - {"always"}


def test_each_role_of_site_has_its_name_for_a_tag() -> None:
    plays = yaml.safe_load(SITE.read_text(encoding="utf-8"))
    roles = [role for play in plays for role in play["roles"]]
    assert len(roles) > 3
    for role in roles:
        assert role["tags"] == [role["role"].rpartition(".")[2]]
