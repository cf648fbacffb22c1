# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where links between files of the repository lead on the documentation's site.

The repository's Markdown is read in two places: in the repository, where a link to
`../collection/roles/docker/README.md` is right, and on the site, which has a page of its own for
that file, and none at all for `../bench/results/latest.json`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

REPOSITORY_URL = "https://github.com/weft/overlay"

# Inline links and images of CommonMark whose target has no scheme and is no anchor of the page.
_LINK = re.compile(r"\]\((?P<path>(?![a-z]+:|#|/)[^()\s#]+)(?P<anchor>#[^()\s]*)?\)")
# Links to files that somebody outside the repository follows, such as a reader of Galaxy.
_OWN_URL = re.compile(rf"\]\({re.escape(REPOSITORY_URL)}/(?:blob|tree)/main/")
# A fenced block shows text, and has no links.
_FENCE = re.compile(r"^(?P<mark>```+).*?^(?P=mark)`*$", re.MULTILINE | re.DOTALL)


class BrokenLinkError(ValueError):
    """A link leads to a file that is not there."""


def site_pages(repository: Path) -> dict[Path, Path]:
    """The files outside `docs/` that the site has pages of, with the pages' sources."""
    reference = repository / "docs/reference"
    pages = {
        readme: reference / f"{readme.parent.name}_role_guide.md"
        for readme in sorted(repository.glob("collection/roles/*/README.md"))
    }
    pages[repository / "CONTRIBUTING.md"] = reference / "contributing.md"
    return pages


def lead_links(text: str, origin: Path, page: Path, repository: Path) -> str:
    """`text` of the file `origin`, with links that hold on the site's page `page`.

    A link to a file that the site has a page of leads there, every other one to the repository on
    GitHub. Raises BrokenLinkError where nothing is there, nor will be by the build.
    """
    documents = repository / "docs"
    pages: Mapping[Path, Path] = site_pages(repository)
    up = os.path.relpath(repository, origin.parent)

    def lead(match: re.Match[str]) -> str:
        anchor = match["anchor"] or ""
        target = Path(os.path.normpath(origin.parent / match["path"]))
        # What the build generates is not there before it; Sphinx looks at these links itself.
        if not target.exists() and not target.is_relative_to(documents / "reference"):
            raise BrokenLinkError(
                f"{origin.relative_to(repository)}: nothing is at {match['path']}"
            )
        if (target / "index.md").exists():
            target /= "index.md"
        on_site = pages.get(target, target)
        if on_site.is_relative_to(documents) and not on_site.is_dir():
            return f"]({os.path.relpath(on_site, page.parent)}{anchor})"
        kind = "tree" if target.is_dir() else "blob"
        return f"]({REPOSITORY_URL}/{kind}/main/{target.relative_to(repository)}{anchor})"

    def prose(part: str) -> str:
        return _LINK.sub(lead, _OWN_URL.sub(f"]({up}/", part))

    parts: list[str] = []
    begin = 0
    for fence in _FENCE.finditer(text):
        parts += [prose(text[begin : fence.start()]), fence[0]]
        begin = fence.end()
    return "".join([*parts, prose(text[begin:])])
