# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Configuration files that weft shares with other owners: mode, owner and context are kept."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TypeAlias

from ansible_collections.weft.overlay.plugins.module_utils.weft.docker.errors import BridgeError
from ansible_collections.weft.overlay.plugins.module_utils.weft.system.files import (
    make_directories,
)

Texts: TypeAlias = Mapping[Path, "str | None"]
"""The content of files; None for a file that does not exist."""

MoveFile: TypeAlias = Callable[[str, str], object]
"""Replaces a file by another and keeps the mode, owner and SELinux context of the first."""


def read_text(path: Path) -> str | None:
    """Return the content of a file, None if it does not exist. Raises BridgeError if not UTF-8."""
    try:
        return path.read_bytes().decode()
    except FileNotFoundError:
        return None
    except UnicodeDecodeError as error:
        raise BridgeError(f"{path} is not UTF-8 text ({error}). Nothing was changed.") from error


def read_texts(paths: Iterable[Path]) -> Texts:
    """Return the content of the files. Raises BridgeError if one is not UTF-8."""
    return {path: read_text(path) for path in paths}


def refuse_unwritable(paths: Iterable[Path]) -> None:
    """Raise BridgeError if one of the files could not be written.

    Its directory is in a read-only mount, or the file is immutable.
    """
    for path in paths:
        target = path.resolve()
        folder = next(folder for folder in target.parents if folder.exists())
        if not folder.is_dir() or not os.access(folder, os.W_OK):
            reason = "is read-only or not writable" if folder.is_dir() else "is not a directory"
            raise BridgeError(
                f"{path} cannot be written: {folder} {reason}. Nothing was changed. Remount its "
                "file system writable, or set docker_carrier (the option carrier) to drop_in."
            )
        if target.exists() and not os.access(target, os.W_OK):
            raise BridgeError(
                f"{path} cannot be written: {target} is immutable or read-only. Nothing was "
                f"changed. Run 'chattr -i {target}', or set docker_carrier (the option carrier) to "
                "drop_in."
            )


def write_texts(texts: Texts, move: MoveFile) -> None:
    """Write the files in this order; None removes a file. A new file has mode 0644.

    If a path is a symbolic link, its target is written.
    """
    for path, text in texts.items():
        if text is None:
            path.unlink(missing_ok=True)
        else:
            target = path.resolve()
            make_directories(target.parent)
            _replace(target, text, move)


def _replace(path: Path, text: str, move: MoveFile) -> None:
    new = not path.exists()
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(text.encode())
            file.flush()
            os.fsync(descriptor)
        move(temporary, str(path))
    finally:
        Path(temporary).unlink(missing_ok=True)
    if new:
        path.chmod(0o644)
