# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A file's owner, group and mode, by names."""

from __future__ import annotations

import grp
import os
import pwd
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FileAttributes:
    """A file's owner, group and mode."""

    owner: str
    group: str
    mode: int

    def __str__(self) -> str:
        return f"{self.owner}:{self.group}, mode {self.mode:04o}"

    def numbers(self) -> tuple[int, int]:
        """Return the IDs of owner and group. Raises KeyError if the host does not have them."""
        return pwd.getpwnam(self.owner).pw_uid, grp.getgrnam(self.group).gr_gid


def attributes_of(status: os.stat_result) -> FileAttributes:
    """Return the attributes of a file's status; an ID without a name is given as number."""
    return FileAttributes(_user(status.st_uid), _group(status.st_gid), status.st_mode & 0o7777)


def _user(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def _group(number: int) -> str:
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)
