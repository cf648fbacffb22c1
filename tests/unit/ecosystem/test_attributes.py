# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The README says of check mode and differences what the modules' documentation says."""

from __future__ import annotations

import re

import pytest

from tests.returned import MODULES, documented

README = (MODULES.parents[1] / "README.md").read_text(encoding="utf-8")
SENTENCE = re.search(r"All modules support check mode, (.*?) in part; .*?, but for (.*?)\.", README)


@pytest.mark.parametrize(("attribute", "group"), [("check_mode", 1), ("diff_mode", 2)])
def test_the_readme_names_the_modules_that_lack_it(attribute: str, group: int) -> None:
    assert SENTENCE is not None
    names = sorted(path.stem for path in MODULES.glob("*.py"))
    supports = {
        name: documented(name, "DOCUMENTATION").get("attributes", {}).get(attribute, {})
        for name in names
    }
    lacking = {name for name, level in supports.items() if level.get("support", "full") != "full"}
    assert lacking
    assert set(re.findall(r"`(\w+)`", SENTENCE[group])) == lacking
