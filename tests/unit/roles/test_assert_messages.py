# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible evaluates the fail_msg of ansible.builtin.assert whether or not the assertion holds.

So a message may not need an element of a list that is empty where all is well.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jinja2 import Environment, nodes

COLLECTION = Path(__file__).parents[3] / "collection"
# Each of them is undefined, or an error, for an empty list.
_OF_A_LIST = ("first", "last", "min", "max", "random")


def assertions(document: Any) -> Iterator[dict[str, Any]]:
    """Yield each task of a document that asserts, also those of blocks."""
    if isinstance(document, list):
        for item in document:
            yield from assertions(item)
    elif isinstance(document, dict):
        if "ansible.builtin.assert" in document:
            yield document
        for value in document.values():
            yield from assertions(value)


def needs_an_element(template: str) -> bool:
    """Return whether a template takes an element of a list without a default for an empty one."""
    tree = Environment().parse(template)
    with_default = {
        id(node.node) for node in tree.find_all(nodes.Filter) if node.name in ("default", "d")
    }
    return any(
        node.name in _OF_A_LIST and id(node) not in with_default
        for node in tree.find_all(nodes.Filter)
    ) or any(
        isinstance(node.arg, nodes.Const)
        and isinstance(node.arg.value, int)
        and id(node) not in with_default
        for node in tree.find_all(nodes.Getitem)
    )


def sources() -> list[Path]:
    return sorted(
        [*COLLECTION.glob("roles/*/tasks/**/*.yml"), *COLLECTION.glob("playbooks/**/*.yml")]
    )


@pytest.mark.parametrize(
    ("template", "needs"),
    [
        ("{{ hosts | join(', ') }}", False),
        ("{{ hosts | first }}", True),
        ("{{ hosts | first | default('') }}", False),
        ("{{ hosts[0] }}", True),
        ("{{ hosts[0] | default('') }}", False),
        ("{{ (results | last).stdout }}", True),
    ],
)
def test_templates_that_need_an_element_are_found(template: str, needs: bool) -> None:
    assert needs_an_element(template) is needs


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(COLLECTION)))
def test_no_message_of_an_assertion_needs_an_element(path: Path) -> None:
    for task in assertions(yaml.safe_load(path.read_text(encoding="utf-8"))):
        message = str(task["ansible.builtin.assert"].get("fail_msg", ""))
        assert not needs_an_element(message), task["name"]
