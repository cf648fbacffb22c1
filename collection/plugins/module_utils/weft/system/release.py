# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The release of the running process."""

from __future__ import annotations

import sys
from pathlib import Path


def running_release() -> str:
    """Return the digest of the installed release, or 'checkout' if none is installed."""
    archive = Path(sys.path[0] or ".")
    return archive.resolve().parent.name if archive.suffix == ".pyz" else "checkout"
