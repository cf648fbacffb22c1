# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The zip application: all of the package, the same bytes wherever it is built."""

from __future__ import annotations

import ast
import hashlib
import io
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import pytest

from ansible_collections.weft.overlay.plugins.module_utils.release.archive import build_archive
from ansible_collections.weft.overlay.plugins.module_utils.release.sources import (
    ENTRY_POINTS,
    package_sources,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft import cli

ROOT = Path(__file__).parents[3] / "collection/plugins/module_utils/weft"
SOURCES = {"b.py": b"B = 1\n", "a/__init__.py": b'"""A."""\n', "a/empty.py": b""}


def test_known_sources_make_known_bytes() -> None:
    """Fixed values: another version of Python or of zlib must not change what a host gets."""
    archive = build_archive(SOURCES)
    assert archive.digest == "c0aaf8a3f9e83bb3165a2faa9bb52d0ae7d485f6f87e0438a327fa08dcf4807e"
    assert (
        hashlib.sha256(archive.content).hexdigest()
        == "43cf1640f3a2124c8c3a96507c32b7c35169d7710a6092a747b41428d05dd50a"
    )


def test_the_order_of_the_sources_does_not_matter() -> None:
    assert build_archive(dict(reversed(SOURCES.items()))) == build_archive(SOURCES)


@pytest.mark.parametrize(
    "other",
    [
        {**SOURCES, "c.py": b""},
        {**SOURCES, "b.py": b"B = 2\n"},
        {"b.py": b"B = 1\n", "a/__init__.py": b'"""A."""\n'},
        {"b.py": b"B = 1\n", "a/__init__.py": b'"""A."""\n', "a/void.py": b""},
    ],
)
def test_another_name_or_content_is_another_digest(other: dict[str, bytes]) -> None:
    assert build_archive(other).digest != build_archive(SOURCES).digest


def test_entries_carry_no_time_and_fixed_modes() -> None:
    with zipfile.ZipFile(io.BytesIO(build_archive(SOURCES).content)) as archive:
        entries = archive.infolist()
    assert [entry.filename for entry in entries] == [
        "__main__.py",
        "weft/a/__init__.py",
        "weft/a/empty.py",
        "weft/b.py",
    ]
    assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}
    assert {entry.external_attr >> 16 for entry in entries} == {0o100644}


def test_the_archive_contains_every_file_of_the_package() -> None:
    files = {path.relative_to(ROOT).as_posix(): path.read_bytes() for path in ROOT.rglob("*.py")}
    assert package_sources() == files
    assert {"__init__.py", "cli.py", "datapath/__init__.py"} <= files.keys()


def test_sources_are_read_from_a_zip_as_from_a_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    payload = tmp_path / "payload.zip"
    with zipfile.ZipFile(payload, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in SOURCES.items():
            archive.writestr(f"carried/{name}", content)
        archive.writestr("carried/__init__.py", b"")
        archive.writestr("carried/notes.txt", b"not Python")
    monkeypatch.syspath_prepend(str(payload))
    assert package_sources("carried") == {**SOURCES, "__init__.py": b""}


def reachable(package: Path, *entry_points: Path) -> set[Path]:
    """The package's files that the entry points import, directly or not, with their packages."""
    seen: set[Path] = set()
    todo = list(entry_points)
    while todo:
        file = todo.pop()
        if file in seen:
            continue
        seen.add(file)
        todo += [
            parent / "__init__.py" for parent in file.parents if parent.is_relative_to(package)
        ]
        for node in ast.walk(ast.parse(file.read_bytes())):
            if isinstance(node, ast.ImportFrom) and node.level:
                base = file.parents[node.level - 1] / (node.module or "").replace(".", "/")
                names = [base / alias.name for alias in node.names] + [base]
                todo += [
                    path
                    for name in names
                    for path in (name.with_suffix(".py"), name / "__init__.py")
                    if path.is_file()
                ]
    return seen


def test_the_archive_holds_what_its_entry_points_import_and_nothing_else() -> None:
    """An edit of any other file leaves the digest, and so each host's processes, as they are."""
    package = Path(str(cli.__file__)).parent
    files = reachable(package, *(Path(str(module.__file__)) for module in ENTRY_POINTS))
    assert set(package_sources()) == {str(file.relative_to(package)) for file in files}


@pytest.mark.parametrize("program", ["weftd", "weftctl"])
def test_a_program_is_named_by_the_first_argument(program: str) -> None:
    result = _run(build_archive(package_sources()).content, "{archive}", program, "--help")
    assert result.stdout.startswith(f"usage: {program} ")
    assert result.returncode == 0


@pytest.mark.parametrize("program", ["weftd", "weftctl"])
def test_a_program_is_named_by_the_link_it_is_called_by(program: str, tmp_path: Path) -> None:
    link = tmp_path / program
    result = _run(build_archive(package_sources()).content, str(link), "--help", link=link)
    assert result.stdout.startswith(f"usage: {program} ")


@pytest.mark.parametrize("arguments", [[], ["weft"], ["--help"]])
def test_without_a_program_the_names_are_told(arguments: list[str]) -> None:
    result = _run(build_archive(package_sources()).content, "{archive}", *arguments)
    assert result.returncode == 2
    assert "{weftd,weftctl}" in result.stderr


def _run(
    content: bytes, *arguments: str, link: Path | None = None
) -> subprocess.CompletedProcess[str]:
    with tempfile.TemporaryDirectory() as directory:
        archive = Path(directory, "weft.pyz")
        archive.write_bytes(content)
        if link:
            link.symlink_to(archive)
        command = [argument.format(archive=archive) for argument in arguments]
        return subprocess.run(
            [sys.executable, "-I", *command], capture_output=True, text=True, check=False
        )
