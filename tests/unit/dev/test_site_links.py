# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Links between the repository's files, in the repository and on the site."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from dev.site_links import REPOSITORY_URL, BrokenLinkError, lead_links

_REPOSITORY = Path(__file__).resolve().parents[3]


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    for name in (
        "docs/page.md",
        "docs/decisions/index.md",
        "docs/decisions/001-x.md",
        "bench/figures.json",
        "collection/roles/docker/README.md",
        "collection/roles/etcd/README.md",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


@pytest.mark.parametrize(
    ("text", "led"),
    [
        ("[x](decisions/001-x.md#y)", "[x](decisions/001-x.md#y)"),
        ("[x](decisions)", "[x](decisions/index.md)"),
        ("[x](#here)", "[x](#here)"),
        ("[x](https://example.org/a)", "[x](https://example.org/a)"),
        ("[x](../bench/figures.json)", f"[x]({REPOSITORY_URL}/blob/main/bench/figures.json)"),
        ("[x](../bench)", f"[x]({REPOSITORY_URL}/tree/main/bench)"),
        (
            "[x](../collection/roles/docker/README.md#y)",
            "[x](reference/docker_role_guide.md#y)",
        ),
        ("[x](reference/index.rst)", "[x](reference/index.rst)"),
        (f"[x]({REPOSITORY_URL}/blob/main/docs/page.md)", "[x](page.md)"),
        ("```md\n[x](nowhere.md)\n```", "```md\n[x](nowhere.md)\n```"),
    ],
)
def test_a_link_leads_to_the_page_on_the_site(repository: Path, text: str, led: str) -> None:
    page = repository / "docs/page.md"
    assert lead_links(text, page, page, repository) == led


def test_a_guide_of_a_role_links_to_another(repository: Path) -> None:
    origin = repository / "collection/roles/docker/README.md"
    page = repository / "docs/reference/docker_role_guide.md"
    led = lead_links("[x](../etcd/README.md) [y](README.md)", origin, page, repository)
    assert led == "[x](etcd_role_guide.md) [y](docker_role_guide.md)"


def test_a_link_to_nothing_names_the_file_that_has_it(repository: Path) -> None:
    page = repository / "docs/page.md"
    with pytest.raises(BrokenLinkError, match=r"docs/page\.md: nothing is at gone\.md"):
        lead_links("[x](gone.md)", page, page, repository)


def _documents() -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", "*.md"], cwd=_REPOSITORY, capture_output=True, text=True, check=True
    )
    return listed.stdout.split()


@pytest.mark.parametrize("document", _documents())
def test_no_document_of_the_repository_links_to_nothing(document: str) -> None:
    path = _REPOSITORY / document
    lead_links(path.read_text(encoding="utf-8"), path, path, _REPOSITORY)
