# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a reader of the site can rely on."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from .site import Page, Site, leads_away

# The first test builds the site.
pytestmark = pytest.mark.timeout(1200)

# A style sheet that loads, other than from its own text.
_STYLE_LOADS = re.compile(r"@import\s+[^;]+|url\(\s*['\"]?(?!data:|#)([^)'\"]+)")


def test_no_link_or_anchor_is_broken(site: Site) -> None:
    assert len(site.pages) > 50
    assert site.broken_links() == []


def test_nothing_is_loaded_from_elsewhere(site: Site) -> None:
    loaded = {load for page in site.pages.values() for load in page.loads}
    assert any(load.endswith(".css") for load in loaded)
    assert [load for load in loaded if leads_away(load)] == []


def test_no_style_loads_from_elsewhere(site: Site) -> None:
    styles = list(site.root.rglob("*.css"))
    assert styles
    found = [
        (path.name, match[0])
        for path in styles
        for match in _STYLE_LOADS.finditer(path.read_text(encoding="utf-8"))
        if match[0].startswith("@import") or leads_away(match[1])
    ]
    assert found == []


def test_links_that_lead_away_are_encrypted(site: Site) -> None:
    away = {link for page in site.pages.values() for link in page.links if leads_away(link)}
    assert [link for link in away if not link.startswith("https://")] == []


def test_every_picture_has_words(site: Site) -> None:
    assert {path: page.unspoken for path, page in site.pages.items() if page.unspoken} == {}


def _pages_of(repository: Path) -> list[str]:
    plugins = repository / "collection/plugins"
    kinds = {"modules": "module", **{kind: kind for kind in ("filter", "inventory", "callback")}}
    found = [
        f"{path.stem}_{kind}"
        for folder, kind in kinds.items()
        for path in (plugins / folder).glob("*.py")
    ]
    roles = [
        path.parent.parent.name for path in repository.glob("collection/roles/*/meta/main.yml")
    ]
    return [*found, *(f"{role}_role" for role in roles), *(f"{role}_role_guide" for role in roles)]


def test_every_module_plugin_and_role_has_a_page_that_is_linked(
    site: Site, repository: Path
) -> None:
    wanted = _pages_of(repository)
    assert {"docker_bip_module", "etcd_plan_filter", "overlay_role"} <= set(wanted)
    index = site.pages[site.root / "reference/index.html"]
    linked = {link.partition("#")[0].removesuffix(".html") for link in index.links}
    assert [page for page in wanted if page not in linked] == []


def test_every_playbook_is_explained(site: Site, repository: Path) -> None:
    page = (repository / "docs/playbooks.md").read_text(encoding="utf-8")
    playbooks = [path.stem for path in repository.glob("collection/playbooks/*.yml")]
    assert "site" in playbooks
    assert [name for name in playbooks if f"| `{name}` |" not in page] == []


def test_every_check_of_the_doctor_has_its_symptom(repository: Path) -> None:
    from ansible_collections.weft.overlay.plugins.module_utils.weft.weftctl.commands.doctor import (
        CHECKS,
    )

    page = (repository / "docs/troubleshooting.md").read_text(encoding="utf-8")
    assert [check.name for check in CHECKS if f"`{check.name}`" not in page] == []


@pytest.mark.parametrize(
    ("html", "broken"),
    [
        ('<a href="other.html">x</a>', []),
        ('<a href="other.html#there">x</a>', []),
        ('<a href="#here" id="here">x</a>', []),
        ('<a href="https://example.org/">x</a>', []),
        ('<a href="other.html#nowhere">x</a>', ["page.html: other.html#nowhere"]),
        ('<a href="#nowhere">x</a>', ["page.html: #nowhere"]),
        ('<img src="gone.svg" alt="x">', ["page.html: gone.svg"]),
    ],
)
def test_the_check_of_links_finds_what_is_broken(
    tmp_path: Path, html: str, broken: list[str]
) -> None:
    (tmp_path / "page.html").write_text(html)
    (tmp_path / "other.html").write_text('<p id="there">x</p>')
    assert Site.read(tmp_path).broken_links() == broken


@pytest.mark.parametrize(
    "html",
    [
        '<script src="https://example.org/x.js"></script>',
        '<link rel="stylesheet" href="//fonts.example.org/x.css">',
        '<link rel="preload" href="https://example.org/x.woff">',
        '<img src="https://example.org/x.png" alt="x">',
    ],
)
def test_the_check_of_what_is_loaded_finds_what_is_not_ours(tmp_path: Path, html: str) -> None:
    (tmp_path / "page.html").write_text(html)
    assert [load for load in Page(tmp_path / "page.html").loads if leads_away(load)] != []
