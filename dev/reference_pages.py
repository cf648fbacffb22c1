# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Brings the pages that antsibull-docs has made, and the READMEs of roles, into the site.

Usage: python -m dev.reference_pages, between antsibull-docs and Sphinx.
"""

from __future__ import annotations

import re
from pathlib import Path

from dev.site_links import lead_links, site_pages

_REPOSITORY = Path(__file__).resolve().parent.parent
_REFERENCE = _REPOSITORY / "docs/reference"
# An entry of a table of contents for a page of a module, a role or another plugin.
_ENTRY = re.compile(
    r"^    (?P<name>\w+)_(?P<kind>module|role|filter|inventory|callback)$", re.MULTILINE
)
# The theme has a table of contents beside each page.
_CONTENTS = re.compile(r"^\.\. contents::\n(?:   :\w+:.*\n)*\n", re.MULTILINE)
# The heading of a role's README.
_GUIDE = re.compile(r"\A# weft\.overlay\.(?P<role>\w+)$", re.MULTILINE)
# The part of a role's page for each entry point, and what follows the last one.
_ENTRY_POINT = re.compile(
    r"^(?=\.\. _ansible_collections\.\w+\.\w+\.\w+_role__entrypoint-)|^(?=\.\. Extra links$)",
    re.MULTILINE,
)
_MAIN = re.compile(r"\S+__entrypoint-main:$", re.MULTILINE)
_TITLE = re.compile(r"^(Weft\.Overlay)\n=+$", re.MULTILINE)


def main() -> None:
    """Write what the site has besides what antsibull-docs writes."""
    for path in _REFERENCE.glob("*.rst"):
        text = _CONTENTS.sub("", path.read_text(encoding="utf-8"))
        path.write_text(with_main_first(text), encoding="utf-8")
    index = _REFERENCE / "index.rst"
    index.write_text(with_short_names(index.read_text(encoding="utf-8")), encoding="utf-8")
    for origin, page in site_pages(_REPOSITORY).items():
        text = lead_links(origin.read_text(encoding="utf-8"), origin, page, _REPOSITORY)
        page.write_text(_GUIDE.sub(as_guide, text, count=1), encoding="utf-8")


def with_main_first(page: str) -> str:
    """A role's page with the entry point that the role's users run before all others."""
    head, *parts = _ENTRY_POINT.split(page)
    if not parts:
        return page
    *entry_points, tail = parts
    entry_points.sort(key=lambda part: _MAIN.search(part.partition("\n")[0]) is None)
    return "".join([head, *entry_points, tail])


def as_guide(heading: re.Match[str]) -> str:
    """The heading of a role's guide, with the way to the page of its variables' types."""
    role = heading["role"]
    return (
        f"# weft.overlay.{role} role: guide\n\n"
        f"The types and choices of all variables are on [the role's own page]({role}_role.rst)."
    )


def with_short_names(index: str) -> str:
    """The collection's index, with names in the navigation that fit into it, and roles' guides."""

    def entry(match: re.Match[str]) -> str:
        name, kind = match["name"], match["kind"]
        lines = [f"    {name} <{name}_{kind}>"]
        if kind == "role":
            lines.append(f"    {name}: guide <{name}_role_guide>")
        return "\n".join(lines)

    return _TITLE.sub(
        "The collection weft.overlay\n===========================", _ENTRY.sub(entry, index)
    )


if __name__ == "__main__":
    main()
