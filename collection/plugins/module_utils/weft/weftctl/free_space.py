# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the free space of file systems."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path


def read_free_space(folders: Iterable[Path]) -> dict[str, float]:
    """Return the free part of each folder's file system, the lesser of bytes and inodes.

    From 0 to 1, as an unprivileged process sees it; without the folders that do not exist. Raises
    OSError.
    """
    found = {}
    for folder in folders:
        try:
            space = os.statvfs(folder)
        except FileNotFoundError:
            continue
        # Some file systems, such as btrfs, count no inodes.
        parts = ((space.f_bavail, space.f_blocks), (space.f_favail, space.f_files))
        found[str(folder)] = min((free / total for free, total in parts if total), default=1.0)
    return found
