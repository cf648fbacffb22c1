# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pins of the tests and those of the documentation's site."""

from __future__ import annotations

import re
from pathlib import Path

_REPOSITORY = Path(__file__).resolve().parents[3]
_PIN = re.compile(r"^([A-Za-z0-9_.-]+)==(\S+)$", re.MULTILINE)


def _pins(name: str) -> dict[str, str]:
    return dict(_PIN.findall((_REPOSITORY / name).read_text(encoding="utf-8")))


def test_what_both_pin_has_one_version() -> None:
    tests, site = _pins("requirements-dev.txt"), _pins("docs/requirements.txt")
    both = tests.keys() & site.keys()
    assert both == {"antsibull-docs"}
    assert {name: tests[name] for name in both} == {name: site[name] for name in both}
