# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action groups hold each module that shares their options, and its documentation says so."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.returned import documented

COLLECTION = Path(__file__).parents[3] / "collection"
MODULES = sorted((COLLECTION / "plugins/modules").glob("*.py"))
RUNTIME = yaml.safe_load((COLLECTION / "meta/runtime.yml").read_text(encoding="utf-8"))
GROUPS: dict[str, list[str]] = RUNTIME["action_groups"]

# The fragment with the options that the modules of a group share.
SHARED = {"weft": "weft.overlay.store", "etcdctl": "weft.overlay.etcdctl"}


def fragments(module: Path) -> list[str]:
    return list(documented(module.stem, "DOCUMENTATION")["extends_documentation_fragment"])


def test_every_group_has_options_that_its_modules_share() -> None:
    assert set(GROUPS) == set(SHARED)


@pytest.mark.parametrize("group", GROUPS)
def test_a_group_holds_each_module_with_its_options(group: str) -> None:
    having = [module.stem for module in MODULES if SHARED[group] in fragments(module)]
    assert len(having) > 1
    assert sorted(GROUPS[group]) == having


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.stem)
def test_a_module_documents_its_group_and_no_other(module: Path) -> None:
    documented = {
        name.rpartition("actiongroup_")[2] for name in fragments(module) if "actiongroup_" in name
    }
    assert documented == {group for group, members in GROUPS.items() if module.stem in members}
