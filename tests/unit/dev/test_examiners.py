# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Examiners find what is planted, and the run tells it by its exit status."""

from __future__ import annotations

import shutil
import tarfile
from pathlib import Path
from typing import Any

import pytest

from dev.examiners import __main__ as runner
from dev.examiners import artefact, documents, licences
from dev.examiners.examination import COLLECTION, Examination, FaultError


class Planted(Examination):
    """An examination whose tarball holds the given files, all of which git knows but the last."""

    def __init__(self, scratch: Path, *names: str) -> None:
        super().__init__(scratch)
        self.__dict__["tracked"] = ("galaxy.yml", *names[:-1])
        self.__dict__["tarball"] = scratch / "built.tar.gz"
        (scratch / "empty").touch(mode=0o644)
        with tarfile.open(self.tarball, "w:gz") as archive:
            for name in ("MANIFEST.json", "FILES.json", *names):
                archive.add(scratch / "empty", name)


def test_a_fault_is_told_and_fails_the_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def finds(_examination: Examination) -> str:
        raise FaultError("a comma is missing")

    monkeypatch.setattr(runner, "EXAMINERS", {"one": lambda _: "7 files", "two": finds})
    assert runner.main([]) == 1
    told = capsys.readouterr().out.splitlines()
    assert told[0].startswith("one: clean: 7 files (")
    assert told[1].startswith("two: FAULT: a comma is missing (")
    assert told[2] == "examine: 1 examiners passed, 1 failed"
    assert runner.main(["--skip", "two"]) == 0
    assert runner.main(["two"]) == 1


@pytest.mark.parametrize(
    ("stray", "fault"),
    [
        ("roles/a/notes.txt", "roles/a/notes.txt is not in git"),
        ("src/a.py", "the folder src is not expected"),
        ("TODO.md", "the file TODO.md is not expected"),
        ("plugins/utils/a.py", "Ansible may not know plugins/utils"),
    ],
)
def test_the_tarball_holds_nothing_unexpected(tmp_path: Path, stray: str, fault: str) -> None:
    with pytest.raises(FaultError, match=fault):
        artefact.listing(Planted(tmp_path, "README.md", "plugins/modules/a.py", stray))


def test_the_tarball_lacks_nothing(tmp_path: Path) -> None:
    planted = Planted(tmp_path, "README.md", "LICENSE")
    with pytest.raises(FaultError, match="LICENSE is not in git"):
        artefact.listing(planted)
    planted.__dict__["tracked"] = ("galaxy.yml", "README.md", "LICENSE", "meta/runtime.yml")
    with pytest.raises(FaultError, match=r"^meta/runtime.yml is not in the tarball$"):
        artefact.listing(planted)


@pytest.mark.parametrize("version", ["1.0", "01.0.0", "v1.0.0", "1.0.0+a"])
def test_a_version_is_semantic(tmp_path: Path, version: str) -> None:
    examination = Examination(tmp_path)
    examination.__dict__["galaxy"] = {"version": version}
    with pytest.raises(FaultError, match="no semantic version"):
        documents.version(examination)


def test_a_version_is_the_same_everywhere(tmp_path: Path) -> None:
    examination = Examination(tmp_path)
    assert examination.galaxy["version"] in documents.version(examination)
    examination.__dict__["galaxy"] = {"version": "999.0.0"}
    with pytest.raises(FaultError, match=r"pyproject.toml has another version"):
        documents.version(examination)


def test_a_release_says_what_its_fragments_say() -> None:
    """Others, which came later, are of no release yet."""
    changes = {"bugfixes": ["docker - one.", "etcd - two."], "release_summary": "The first."}
    releases = {"1.0.0": {"fragments": ["a.yml", "b.yml"], "changes": changes}}
    first: dict[str, Any] = {"bugfixes": ["docker - one."], "release_summary": "The first."}
    second: dict[str, Any] = {"bugfixes": ["etcd - two."]}
    later: dict[str, Any] = {"minor_changes": ["verify - three."]}
    fragments = {"a.yml": first, "b.yml": second, "c.yml": later}
    assert documents.outdated(releases, fragments) == []
    for changed in (
        {"bugfixes": ["docker - one, and more."], "release_summary": "The first."},
        {"bugfixes": ["docker - one."], "release_summary": "The second."},
        {"minor_changes": ["docker - one."], "release_summary": "The first."},
    ):
        assert documents.outdated(releases, fragments | {"a.yml": changed}) == ["a.yml"]
    assert documents.outdated(releases, {"a.yml": first}) == ["b.yml"]


def test_a_readme_leads_to_what_the_policy_wants(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (COLLECTION / "README.md").read_text(encoding="utf-8")
    (tmp_path / "README.md").write_text(text.replace("code_of_conduct", "conduct"))
    monkeypatch.setattr(documents, "COLLECTION", tmp_path)
    with pytest.raises(FaultError, match=r"does not lead to the code of conduct$"):
        documents.readmes(Examination(tmp_path))


def test_every_file_names_its_licence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(COLLECTION / "LICENSE", tmp_path / "LICENSE")
    (tmp_path / "a.py").write_text("print()\n")

    def lists(_examination: Examination, *_words: str, cwd: Path) -> str:
        assert cwd == tmp_path
        return "a.py\0"

    examination = Examination(tmp_path)
    monkeypatch.setattr(licences, "REPOSITORY", tmp_path)
    monkeypatch.setattr(licences, "COLLECTION", tmp_path)
    monkeypatch.setattr(Examination, "run", lists)
    with pytest.raises(FaultError, match=r"a.py does not say"):
        licences.licences(examination)
