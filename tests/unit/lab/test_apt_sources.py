# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finding the mirror in apt's two styles of source files (sources.list(5))."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.apt_sources import (
    DEBIAN_KEYRING,
    Mirror,
    Source,
    choose_mirror,
    machine_mirror,
    parse_deb822,
    parse_one_line,
)
from lab.errors import LabError

KEYRING = Path("/usr/share/keyrings/debian.gpg")


def test_one_line_style() -> None:
    text = (
        "# deb http://comment.example/debian bookworm main\n"
        "deb http://one.example/debian bookworm main contrib # why\n"
        "deb-src http://source.example/debian bookworm main\n"
        f"deb [arch=amd64 signed-by={KEYRING}] https://two.example/debian/ trixie main\n"
        "\n"
        "nonsense\n"
    )
    assert list(parse_one_line(text)) == [
        Source("http://one.example/debian", "bookworm", ("main", "contrib")),
        Source("https://two.example/debian/", "trixie", ("main",), KEYRING),
    ]


def test_deb822_style() -> None:
    text = (
        "Types: deb deb-src\n"
        "# a comment inside\n"
        "URIs: http://one.example/debian http://two.example/debian\n"
        "Suites: bookworm bookworm-updates\n"
        "Components: main\n"
        f"Signed-By: {KEYRING}\n"
        "\n"
        "Types: deb-src\nURIs: http://source.example\nSuites: bookworm\nComponents: main\n"
        "\n\n"
        "Enabled: no\nTypes: deb\nURIs: http://off.example\nSuites: bookworm\nComponents: main\n"
    )
    assert list(parse_deb822(text)) == [
        Source(f"http://{host}.example/debian", suite, ("main",), KEYRING)
        for host in ("one", "two")
        for suite in ("bookworm", "bookworm-updates")
    ]


def test_deb822_embedded_key_means_the_default_keyring() -> None:
    text = (
        "types: deb\nuris: http://one.example\nsuites: bookworm\ncomponents: main\n"
        "signed-by:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mDMEZ\n"
    )
    (source,) = parse_deb822(text)
    assert choose_mirror([source], "bookworm") == Mirror("http://one.example", DEBIAN_KEYRING)


def test_mirror_is_the_archive_of_the_own_release() -> None:
    sources = [
        Source("http://vendor.example/apt", "vendor-bookworm", ("main",)),
        Source("http://security.example", "bookworm-security", ("main",)),
        Source("http://contrib.example", "bookworm", ("contrib",)),
        Source("http://one.example/debian/", "bookworm", ("main",), KEYRING),
    ]
    mirror = choose_mirror(sources, "bookworm")
    assert mirror == Mirror("http://one.example/debian", KEYRING)
    assert mirror.line("forky") == (
        f"deb [signed-by={KEYRING}] http://one.example/debian forky main\n"
    )


def test_no_mirror_is_an_error_that_says_what_is_missing() -> None:
    with pytest.raises(LabError, match=r"none for 'bookworm' main.*sources.list.d"):
        choose_mirror([], "bookworm")


def test_both_styles_are_read_from_the_configuration(tmp_path: Path) -> None:
    parts = tmp_path / "apt/sources.list.d"
    parts.mkdir(parents=True)
    (tmp_path / "apt/sources.list").write_text("deb http://old.example sid main\n")
    (parts / "vendor.list").write_text("deb http://vendor.example stable main\n")
    (parts / "debian.sources.save").write_text(
        "Types: deb\nURIs: http://no.example\nSuites: bookworm\nComponents: main\n"
    )
    (parts / "debian.sources").write_text(
        "Types: deb\nURIs: http://new.example\nSuites: bookworm\nComponents: main\n"
    )
    release = tmp_path / "os-release"
    release.write_text('ID=debian\nVERSION_CODENAME="bookworm"\n')
    assert machine_mirror(tmp_path / "apt", release).uri == "http://new.example"


def test_system_without_a_codename_is_an_error(tmp_path: Path) -> None:
    release = tmp_path / "os-release"
    release.write_text("ID=arch\n")
    with pytest.raises(LabError, match="Debian 12"):
        machine_mirror(tmp_path, release)
