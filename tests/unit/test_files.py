# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files and directories have the given modes, and a symbolic link stays one."""

from __future__ import annotations

import os
from pathlib import Path

from ansible_collections.weft.overlay.plugins.module_utils.weft.system.files import (
    make_directories,
    write_atomically,
)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o7777


def test_directories_are_readable_whatever_the_umask_is(tmp_path: Path) -> None:
    present = tmp_path / "present"
    present.mkdir(mode=0o700)
    before = os.umask(0o077)
    try:
        make_directories(present / "ansible/facts.d")
        make_directories(present / "ansible/facts.d")
        write_atomically(present / "ansible/facts.d/weft.fact", b"x")
    finally:
        os.umask(before)
    assert mode(present) == 0o700
    assert mode(present / "ansible") == mode(present / "ansible/facts.d") == 0o755
    assert mode(present / "ansible/facts.d/weft.fact") == 0o644


def test_the_target_of_a_link_is_written(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    link, target = tmp_path / "file", tmp_path / "elsewhere/file"
    link.symlink_to(target)
    assert write_atomically(link, b"one")
    assert not write_atomically(link, b"one")
    assert write_atomically(link, b"two")
    assert link.is_symlink()
    assert target.read_bytes() == b"two"
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["file"]
