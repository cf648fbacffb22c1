# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What CONTRIBUTING.md says of third-party imports is so."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
PACKAGE = ROOT / "collection/plugins/module_utils/weft"


def third_parties(file: Path) -> set[str]:
    """The packages that a file imports, and that are neither ours nor Python's."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add(str(node.module).partition(".")[0])
    return found - set(sys.stdlib_module_names)


def test_third_parties_are_imported_where_it_is_said() -> None:
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    sentence = page.partition("Third-party imports are guarded")[2].partition(" alone.")[0]
    said = {
        place: set(names.split(", "))
        for place, names in re.findall(r"`([\w./]+)` \(([^)]+)\)", sentence)
    }
    imported: dict[str, set[str]] = {}
    for file in PACKAGE.rglob("*.py"):
        name = str(file.relative_to(PACKAGE))
        place = next((place for place in said if name.startswith(place)), name)
        if packages := third_parties(file):
            imported.setdefault(place, set()).update(packages)
    assert imported == said
