# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The directory of the releases."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ansible_collections.weft.overlay.plugins.module_utils.release.directory import (
    ReleaseDirectory,
)
from ansible_collections.weft.overlay.plugins.module_utils.release.layout import Releases

A, B = "a" * 16, "b" * 16


@pytest.fixture
def directory(tmp_path: Path) -> ReleaseDirectory:
    return ReleaseDirectory(tmp_path / "weft")


def test_a_missing_directory_has_no_releases(directory: ReleaseDirectory) -> None:
    assert directory.read() == Releases()
    assert not directory.holds(A, b"")
    directory.remove_if_empty()
    directory.point("current", None)


def test_written_releases_are_read(directory: ReleaseDirectory) -> None:
    directory.write(A, b"one")
    directory.write(B, b"two")
    directory.point("current", B)
    directory.point("previous", A)
    assert directory.read() == Releases((B, A), B, A)
    assert (directory.root / "current/weft.pyz").read_bytes() == b"two"
    assert directory.holds(A, b"one")
    assert not directory.holds(A, b"damaged")


def test_a_touched_release_is_the_latest(directory: ReleaseDirectory) -> None:
    directory.write(A, b"one")
    directory.write(B, b"two")
    os.utime(directory.archive_path(B).parent, ns=(0, 0))
    assert directory.read().names == (A, B)
    os.utime(directory.archive_path(A).parent, ns=(0, 0))
    directory.touch(B)
    assert directory.read().names == (B, A)


def test_a_link_moves_over_a_link(directory: ReleaseDirectory) -> None:
    directory.write(A, b"one")
    directory.write(B, b"two")
    for name in (A, B):
        directory.point("current", name)
        assert directory.read().current == name
    assert sorted(path.name for path in directory.root.iterdir()) == ["current", "releases"]


def test_an_unfinished_release_and_other_files_are_ignored(directory: ReleaseDirectory) -> None:
    directory.write(A, b"one")
    (directory.root / "releases" / B).mkdir()
    (directory.root / "releases/notes").mkdir()
    (directory.root / "releases/notes/weft.pyz").write_bytes(b"")
    assert directory.read().names == (A,)


def test_only_an_empty_directory_is_removed(directory: ReleaseDirectory) -> None:
    directory.write(A, b"one")
    (directory.root / "mine.txt").write_text("")
    directory.remove(A)
    directory.remove_if_empty()
    assert [path.name for path in directory.root.iterdir()] == ["mine.txt"]
