# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A playbook variable is read by its old name too, with a deprecation warning."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.playbook import CHECKOUT, play

PLAY = """\
- hosts: localhost
  gather_facts: false
  tasks:
    - ansible.builtin.debug:
        msg: >-
          value={{ new_name
          | default(old_name | weft.overlay.renamed_variable('old_name', 'new_name'))
          | default('unset') }}.
"""


def printed_by(folder: Path, **variables: str) -> str:
    """Run the play with these extra variables, and return what it printed."""
    path = folder / "play.yml"
    path.write_text(PLAY, encoding="utf-8")
    words = ("-i", "localhost,", "-c", "local", "-e", json.dumps(variables))
    run = play(CHECKOUT, folder, *words, path, timeout=120)
    assert run.status == 0, run.output
    return " ".join(run.output.split())


@pytest.mark.parametrize(
    ("variables", "value"), [({}, "unset"), ({"new_name": "x"}, "x")], ids=["neither", "new"]
)
def test_the_new_name_needs_no_warning(
    tmp_path: Path, variables: dict[str, str], value: str
) -> None:
    printed = printed_by(tmp_path, **variables)
    assert f"value={value}." in printed
    assert "DEPRECATION" not in printed


def test_the_old_name_is_read_with_a_warning(tmp_path: Path) -> None:
    printed = printed_by(tmp_path, old_name="x")
    assert "value=x." in printed
    assert "[DEPRECATION WARNING]: The variable old_name is now new_name." in printed


def test_the_new_name_has_precedence(tmp_path: Path) -> None:
    assert "value=x." in printed_by(tmp_path, old_name="y", new_name="x")
