# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Directories with given modes, and atomic writes: a reader sees the old or the new content."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def make_directories(path: Path, mode: int = 0o755) -> None:
    """Create a directory and its missing parents, each with this mode whatever the umask is."""
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    for folder in reversed(missing):
        folder.mkdir(exist_ok=True)
        folder.chmod(mode)


def write_atomically(
    path: Path, content: bytes, mode: int = 0o644, owner: tuple[int, int] | None = None
) -> bool:
    """Write the file with this mode; return False, without a write, if it has both already.

    The new file is synced to disk before it replaces the old one. If the path is a symbolic link,
    its target is written. *owner* is the uid and gid of the file, by default those of the process.
    """
    path = path.resolve()
    try:
        if path.read_bytes() == content and path.stat().st_mode & 0o7777 == mode:
            return False
    except FileNotFoundError:
        pass
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            if owner is not None:
                os.fchown(file.fileno(), *owner)
            os.fchmod(file.fileno(), mode)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return True
