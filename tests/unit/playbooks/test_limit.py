# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A playbook that must not leave a host out refuses --limit before it asks any host."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.playbook import CHECKOUT, play

# Nobody listens there: whoever gets past the check finds hosts that cannot be reached.
INVENTORY = """\
all:
  vars: {ansible_host: 127.0.0.1, ansible_port: 1}
  children:
    weft_etcd: {hosts: {store1: }}
    weft: {hosts: {web1: , web2: }}
"""


def rotate(folder: Path, *words: str) -> tuple[int, str]:
    """Return the exit status and what was said."""
    inventory = folder / "hosts.yml"
    inventory.write_text(INVENTORY, encoding="utf-8")
    run = play(CHECKOUT, folder, "weft.overlay.rotate", "-i", inventory, *words, timeout=120)
    return run.status, " ".join(run.output.split())


@pytest.mark.parametrize(
    ("limit", "left_out"), [("weft_etcd", "web1, web2"), ("weft", "store1"), ("!web2", "web2")]
)
def test_a_new_authority_leaves_no_host_out(tmp_path: Path, limit: str, left_out: str) -> None:
    status, said = rotate(tmp_path, "-e", "rotate_authority=true", "--limit", limit)
    assert status == 2
    assert f"--limit leaves out {left_out}. These hosts would not trust the new CA" in said
    assert "unreachable=0" in said
    assert "UNREACHABLE" not in said


@pytest.mark.parametrize("words", [("--limit", "weft_etcd"), ("-e", "rotate_authority=true")])
def test_others_get_past_the_check(tmp_path: Path, words: tuple[str, ...]) -> None:
    status, said = rotate(tmp_path, *words)
    assert status != 0
    assert "would not trust" not in said
    assert "UNREACHABLE" in said
