# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module text_files, by Ansible."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from tests.modules.ansible_run import Outcome, run_module

SECRET = "a password that nobody may read"


def _files(root: Path) -> list[dict[str, Any]]:
    return [
        {"path": str(root / "deep/unit"), "content": "[Unit]\n"},
        {"path": str(root / "private"), "state": "directory", "group": "daemon", "mode": "0750"},
        {
            "path": str(root / "private/settings"),
            "secret_content": SECRET,
            "owner": "daemon",
            "group": "daemon",
            "mode": "0600",
        },
        {"path": str(root / "gone"), "state": "absent"},
    ]


def _run(root: Path, *flags: str, files: list[dict[str, Any]] | None = None) -> Outcome:
    return run_module("text_files", {"files": _files(root) if files is None else files}, *flags)


def test_all_in_one_call_and_nothing_in_the_second(tmp_path: Path) -> None:
    (tmp_path / "gone").write_text("old")
    foreseen = _run(tmp_path, "--check", "--diff")
    assert [path.name for path in tmp_path.iterdir()] == ["gone"]
    first = _run(tmp_path, "-v")
    paths = [file["path"] for file in _files(tmp_path)]
    assert foreseen["changed_paths"] == first["changed_paths"] == paths
    assert "+[Unit]" in foreseen.output
    assert "-old" in foreseen.output
    assert SECRET not in foreseen.output + first.output
    assert (tmp_path / "deep/unit").read_text() == "[Unit]\n"
    settings = tmp_path / "private/settings"
    assert settings.read_text() == SECRET
    assert (settings.stat().st_mode & 0o7777, settings.owner(), settings.group()) == (
        *(0o600, "daemon", "daemon"),
    )
    assert settings.parent.stat().st_mode & 0o7777 == 0o750
    assert settings.parent.group() == "daemon"
    assert not (tmp_path / "gone").exists()
    assert _run(tmp_path)["changed"] is False
    assert _run(tmp_path, "--check")["changed"] is False


def test_a_secret_that_goes_is_not_shown(tmp_path: Path) -> None:
    """As where a fleet leaves passwords for certificates."""
    _run(tmp_path)
    settings = tmp_path / "private/settings"
    for file in (
        {"path": str(settings), "content": "none", "group": "daemon", "mode": "0640"},
        {"path": str(settings), "state": "absent"},
    ):
        shown = _run(tmp_path, "--check", "--diff", "-vvv", files=[file])
        assert SECRET not in shown.output
        assert "-(secret)" in shown.output
        assert ("+none" in shown.output) is ("content" in file)


def test_what_differs_alone_is_touched(tmp_path: Path) -> None:
    _run(tmp_path)
    unit, settings = tmp_path / "deep/unit", tmp_path / "private/settings"
    written = unit.stat().st_mtime_ns
    settings.chmod(0o644)
    os.chown(settings, 0, 0)
    inode = settings.stat().st_ino
    mended = _run(tmp_path)
    assert mended["changed_paths"] == [str(settings)]
    # Another mode or owner is no other content.
    assert settings.stat().st_ino == inode
    assert (settings.stat().st_mode & 0o7777, settings.owner()) == (0o600, "daemon")
    settings.write_text("other")
    assert _run(tmp_path)["changed_paths"] == [str(settings)]
    assert (settings.read_text(), settings.owner()) == (SECRET, "daemon")
    assert unit.stat().st_mtime_ns == written


def test_nothing_is_written_where_one_cannot_be(tmp_path: Path) -> None:
    files = _files(tmp_path)
    files[2]["owner"] = "nobody-of-that-name"
    refused = _run(tmp_path, files=files)
    assert refused.failed
    assert "create it first" in refused["msg"]
    (tmp_path / "taken").mkdir()
    other = _run(tmp_path, files=[files[0], {"path": str(tmp_path / "taken"), "content": ""}])
    assert "is a directory: move it" in other["msg"]
    mode = _run(tmp_path, files=[files[0], {**files[0], "mode": "u=rw"}])
    assert "'u=rw' of" in mode["msg"]
    none = _run(tmp_path, files=[files[0], {"path": str(tmp_path / "empty")}])
    assert "has state present and 0 contents" in none["msg"]
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]
