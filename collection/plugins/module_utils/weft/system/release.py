# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which release this process runs from."""

from __future__ import annotations

import sys
from pathlib import Path


def running_release() -> str:
    """The digest in the name of the release's folder, or 'checkout' outside an installed one."""
    archive = Path(sys.path[0] or ".")
    return archive.resolve().parent.name if archive.suffix == ".pyz" else "checkout"
