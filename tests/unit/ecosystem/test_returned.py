# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The samples of a module's RETURN are of the form that it documents."""

from __future__ import annotations

import pytest

from tests.returned import MODULES, misfits, returned

NAMES = sorted(path.stem for path in MODULES.glob("*.py"))
INFO = [name for name in NAMES if name.endswith("_info")]


@pytest.mark.parametrize("module", NAMES)
def test_samples_are_as_documented(module: str) -> None:
    documented = returned(module)
    samples = {key: entry["sample"] for key, entry in documented.items() if "sample" in entry}
    wrong = [misfit for misfit in misfits(module, samples) if "is not returned" not in misfit]
    assert wrong == []


@pytest.mark.parametrize("module", INFO)
def test_what_is_read_has_a_sample(module: str) -> None:
    """The whole value has one, or each of its parts."""
    for key, entry in returned(module).items():
        parts = entry.get("contains", {}).values()
        assert "sample" in entry or (parts and all("sample" in part for part in parts)), key


def test_a_misfit_is_found() -> None:
    result = {"leases": [{"subnet": 7, "colour": "red"}], "invalid": []}
    assert misfits("lease_info", result) == [
        "revision is not returned",
        "leases.subnet is no str: 7",
        "leases.colour is not documented",
    ]
