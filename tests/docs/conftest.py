# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation's site, built once for all tests."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from .site import Site

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def repository() -> Path:
    return REPOSITORY


@pytest.fixture(scope="session")
def site() -> Site:
    """The site as `make docs` leaves it; what warns there has failed here."""
    done = subprocess.run(["dev/docs"], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return Site.read(REPOSITORY / "docs/_build/html")
