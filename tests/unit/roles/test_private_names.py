# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables that a role keeps to itself, `_ROLE_*` and `__ROLE_*`, are used in that role only."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
ROLES = ROOT / "collection/roles"
NAMES = sorted(path.name for path in ROLES.iterdir() if path.is_dir())
_READ = ("*.yml", "*.yaml", "*.j2", "*.md")
_FOLDERS = ("collection", "docs", "tests", "bench", "lab")


def readers(role: str) -> Iterator[Path]:
    """Yield each playbook, task file, template and page outside the role, and its README."""
    for folder in _FOLDERS:
        for pattern in _READ:
            for path in (ROOT / folder).rglob(pattern):
                if ROLES / role not in path.parents or path.name == "README.md":
                    yield path
    yield from ROOT.glob("*.md")


@pytest.mark.parametrize("role", NAMES)
def test_private_variables_stay_in_their_role(role: str) -> None:
    private = re.compile(rf"(?<![A-Za-z0-9_])__?{role}_\w+")
    found = {
        str(path.relative_to(ROOT)): names
        for path in readers(role)
        if (names := sorted(set(private.findall(path.read_text(encoding="utf-8")))))
    }
    assert not found, "name it in vars/main.yml of the role without the underscore, and document it"
