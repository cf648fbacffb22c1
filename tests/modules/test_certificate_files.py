# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules replace_files and certificate_authority_info, by Ansible."""

from __future__ import annotations

from pathlib import Path

from tests.modules.ansible_run import Outcome, run_module


def _replace(folder: Path, *flags: str) -> Outcome:
    files = [
        {"src": str(folder / "ca.pem"), "dest": str(folder / "old.pem"), "keep": True},
        {"src": str(folder / "new.key"), "dest": str(folder / "ca.key")},
        {"src": str(folder / "new.pem"), "dest": str(folder / "ca.pem")},
    ]
    return run_module("replace_files", {"files": files}, *flags)


def _contents(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_files_are_replaced_in_order_and_keep_their_mode(tmp_path: Path) -> None:
    for name in ("ca.pem", "ca.key", "new.pem", "new.key"):
        (tmp_path / name).write_text(name)
        (tmp_path / name).chmod(0o600)
    before = _contents(tmp_path)
    predicted = _replace(tmp_path, "--check", "--diff")
    assert _contents(tmp_path) == before
    assert f"{tmp_path}/ca.key is replaced by {tmp_path}/new.key" in predicted.output
    done = _replace(tmp_path)
    assert done["changed"]
    assert done["replaced"] == predicted["replaced"]
    assert done["replaced"] == [str(tmp_path / name) for name in ("old.pem", "ca.key", "ca.pem")]
    assert _contents(tmp_path) == {"old.pem": "ca.pem", "ca.key": "new.key", "ca.pem": "new.pem"}
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


def test_an_interrupted_replacement_is_continued(tmp_path: Path) -> None:
    (tmp_path / "ca.key").write_text("new.key")
    (tmp_path / "new.pem").write_text("new.pem")
    assert _replace(tmp_path)["replaced"] == [str(tmp_path / "ca.pem")]
    assert _contents(tmp_path) == {"ca.key": "new.key", "ca.pem": "new.pem"}


def test_a_replacement_that_is_impossible_names_both_files(tmp_path: Path) -> None:
    source = tmp_path / "new"
    source.write_text("")
    target = tmp_path / "missing/file"
    failed = run_module("replace_files", {"files": [{"src": str(source), "dest": str(target)}]})
    assert failed.failed
    assert f"Cannot replace {target} by {source}: " in failed["msg"]


def test_the_certificates_of_a_ca_are_sorted_by_file_name(tmp_path: Path) -> None:
    for name in ("successor.pem", "authority.pem", "authority.key"):
        (tmp_path / name).write_text(f"{name}\n")
    found = run_module("certificate_authority_info", {"directory": str(tmp_path)})
    assert found["files"] == ["authority.key", "authority.pem", "successor.pem"]
    assert found["trusted"] == "authority.pem\nsuccessor.pem\n"


def test_a_ca_that_does_not_exist_has_no_certificate(tmp_path: Path) -> None:
    found = run_module("certificate_authority_info", {"directory": str(tmp_path / "ca")})
    assert (found["files"], found["trusted"]) == ([], "")
