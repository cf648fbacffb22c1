# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of the tests that hand what weft writes to the programs that read it."""

from __future__ import annotations

from pathlib import Path

import pytest

PLAYBOOK_FILES = Path(__file__).parents[2] / "collection/playbooks/files"


@pytest.fixture
def files() -> Path:
    """The folder of what the playbook monitoring writes as it is."""
    return PLAYBOOK_FILES
