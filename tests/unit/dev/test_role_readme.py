# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables in the READMEs of the roles."""

from __future__ import annotations

import pytest

from dev.marked_section import with_section
from dev.role_readme import markdown, tables

MAIN = {
    "options": {
        "web_ports": {"type": "list", "elements": "int", "default": [80], "description": "Ports."},
        "web_mode": {
            "type": "str",
            "choices": ["a|b", "c"],
            "description": ["How.", "Well, how?", "The default is O(web_ports)."],
        },
        "web_image": {
            "type": "dict",
            "default": {"name": "x:y", "archive": ""},
            "description": "The image.",
            "options": {"name": {"type": "str", "required": True, "description": "Its name."}},
        },
    }
}


def test_a_row_has_type_default_choices_and_parts() -> None:
    assert tables({"main": MAIN}).splitlines()[2:] == [
        "| `web_ports` | list of int | `[80]` | Ports. |",
        r"| `web_mode` | str | `web_ports` | How. Well, how? One of `a\|b`, `c`. |",
        "| `web_image` | dict | `{name: 'x:y', archive: ''}` | The image. |",
        "| `web_image.name` | str | required | Its name. |",
    ]


def test_other_entry_points_follow_by_their_task_file() -> None:
    specs = {"main": MAIN, "absent": {"short_description": "Undo", "options": {}}}
    assert tables(specs).endswith("`tasks_from: absent`: Undo. It reads no variables.")


def test_options_shared_with_main_are_listed_by_name() -> None:
    own = {"web_force": {"type": "bool", "default": False, "description": "Whether to force."}}
    shared = {"web_ports": MAIN["options"]["web_ports"]}
    specs = {"main": MAIN, "undo": {"short_description": "Undo", "options": shared | own}}
    _, _, entry = tables(specs).partition("`tasks_from: undo`: Undo. It reads `web_ports`.\n\n")
    assert entry.splitlines()[2:] == ["| `web_force` | bool | `false` | Whether to force. |"]


@pytest.mark.parametrize(
    ("given", "made"),
    [
        ("V(a), C(b) and O(c=d)", "`a`, `b` and `c=d`"),
        ("as V(f(x\\))", "as `f(x)`"),
        ("the role P(weft.overlay.etcd#role)", "the role [etcd](../etcd/README.md)"),
        ("the playbook P(weft.overlay.site#playbook)", "the playbook `weft.overlay.site`"),
        ("see L(the page, https://example.org/a)", "see [the page](https://example.org/a)"),
        ("MTU(s) of B(all)", "MTU(s) of **all**"),
    ],
)
def test_markup_becomes_markdown(given: str, made: str) -> None:
    assert markdown(given) == made


def test_a_document_without_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="has no lines"):
        with_section("# title\n", "dev/role_readme.py", "text")
