# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A built site as its readers' browsers see it: pages, what they load, and where they lead."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

# The attributes by which an element makes a browser load something.
_LOADS = {
    ("audio", "src"),
    ("embed", "src"),
    ("iframe", "src"),
    ("img", "src"),
    ("input", "src"),
    ("link", "href"),
    ("object", "data"),
    ("script", "src"),
    ("source", "src"),
    ("source", "srcset"),
    ("track", "src"),
    ("video", "src"),
}
# Relations of a <link> that lead somewhere and load nothing.
_LEADS = {"author", "canonical", "index", "next", "prev", "search", "top"}


@dataclass
class Page(HTMLParser):
    """One page: the ids on it, its links, what it loads, and its pictures without words."""

    path: Path
    ids: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    loads: list[str] = field(default_factory=list)
    unspoken: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self.feed(self.path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        self.ids |= {attributes[name] for name in ("id", "name") if name in attributes}
        if tag == "a" and "href" in attributes:
            self.links.append(attributes["href"])
        if tag == "img" and not attributes.get("alt"):
            self.unspoken.append(attributes.get("src", ""))
        if tag == "link" and attributes.get("rel") in _LEADS:
            self.links.append(attributes["href"])
            return
        self.loads += [value for name, value in attributes.items() if (tag, name) in _LOADS]


@dataclass(frozen=True, slots=True)
class Site:
    """All pages of a site, by their paths."""

    root: Path
    pages: dict[Path, Page]

    @classmethod
    def read(cls, root: Path) -> Site:
        """Read every page below a folder."""
        return cls(root, {path: Page(path) for path in sorted(root.rglob("*.html"))})

    def broken_links(self) -> list[str]:
        """Each link or loaded file that is not there, and each anchor that no page has."""
        return [
            f"{path.relative_to(self.root)}: {link}"
            for path, page in self.pages.items()
            for link in (*page.links, *page.loads)
            if not leads_away(link) and not self._holds(path, link)
        ]

    def _holds(self, page: Path, link: str) -> bool:
        parts = urlsplit(link)
        target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
        if not parts.fragment or target.suffix != ".html":
            return target.is_file()
        return target in self.pages and unquote(parts.fragment) in self.pages[target].ids


def leads_away(link: str) -> bool:
    """Whether it leads out of the site: it has a scheme, or a host."""
    parts = urlsplit(link)
    return bool(parts.scheme or parts.netloc)
