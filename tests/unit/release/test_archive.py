# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The zip application: all of the package, the same bytes wherever it is built."""

from __future__ import annotations

import hashlib
import io
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import pytest

from ansible_collections.weft.overlay.plugins.module_utils.weft.release.archive import build_archive
from ansible_collections.weft.overlay.plugins.module_utils.weft.release.sources import (
    PACKAGE,
    package_sources,
)

ROOT = Path(__file__).parents[3] / "collection/plugins/module_utils/weft"
SOURCES = {"b.py": b"B = 1\n", "a/__init__.py": b'"""A."""\n', "a/empty.py": b""}


def test_known_sources_make_known_bytes() -> None:
    """Fixed values: another version of Python or of zlib must not change what a host gets."""
    archive = build_archive(SOURCES)
    assert archive.digest == "d7e69debea35374d35ae200b45157e2005b1212dd13573c00df27a89487b712e"
    assert (
        hashlib.sha256(archive.content).hexdigest()
        == "6c450e2dc21ad010de4304fb0ed65846f659fbd79a864b77078337e122730659"
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


def test_the_application_builds_itself_again() -> None:
    """On a host the package is called weft and lies in the application: the digest is the same."""
    assert PACKAGE.endswith(".weft")
    archive = build_archive(package_sources())
    rebuilt = _run(
        archive.content,
        "-c",
        "import sys; sys.path.insert(0, sys.argv[1]); "
        "from weft.release.archive import build_archive; "
        "from weft.release.sources import package_sources; "
        "print(build_archive(package_sources()).digest)",
        "{archive}",
    )
    assert rebuilt.stdout.strip() == archive.digest


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
