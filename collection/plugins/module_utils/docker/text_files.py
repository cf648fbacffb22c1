# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts read from and written to files that have other owners too."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeAlias

from ansible_collections.weft.overlay.plugins.module_utils.weft.docker.errors import BridgeError

from .carrier import Texts

Move: TypeAlias = Callable[[str, str], object]
"""Moves a file over another, whose mode, owner and SELinux context stay."""


def read_text(path: Path) -> str | None:
    """Return the file's text, None if it is not there. Raises BridgeError if it is not UTF-8."""
    try:
        return path.read_bytes().decode()
    except FileNotFoundError:
        return None
    except UnicodeDecodeError as error:
        raise BridgeError(f"{path} is not UTF-8 text ({error}); nothing was changed") from error


def read_texts(paths: Iterable[Path]) -> Texts:
    """Return the texts of the files. Raises BridgeError if one is not UTF-8."""
    return {path: read_text(path) for path in paths}


def write_texts(texts: Texts, move: Move) -> None:
    """Give each file its text, in that order; None removes it. A new file has mode 0644."""
    for path, text in texts.items():
        if text is None:
            path.unlink(missing_ok=True)
        else:
            path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
            _replace(path, text, move)


def _replace(path: Path, text: str, move: Move) -> None:
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
