# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The daemon as one reproducible zip application (see zipapp of the standard library)."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass

PACKAGE = "weft"
"""The name of the package inside the archive."""

_ENTRY = b"""\
import sys

from weft.cli import main

sys.exit(main())
"""
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time of a zip entry
_UNIX = 3  # zipfile.ZipInfo.create_system
_MODE = 0o100644 << 16  # a regular file's mode in the upper half of external_attr


@dataclass(frozen=True, slots=True)
class Archive:
    """A zip application and the SHA-256 digest of its files in hexadecimal."""

    content: bytes
    digest: str


def build_archive(sources: Mapping[str, bytes]) -> Archive:
    """Return the application, built from the package's sources by their path below the package.

    The bytes depend on the sources only, not on their order, the time or the version of Python. The
    files are not compressed, because the output of zlib varies. The digest covers names and
    contents.
    """
    entries = {"__main__.py": _ENTRY}
    entries |= {f"{PACKAGE}/{name}": content for name, content in sources.items()}
    buffer, digest = io.BytesIO(), hashlib.sha256()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, content in sorted(entries.items()):
            info = zipfile.ZipInfo(name, _EPOCH)
            info.create_system, info.external_attr = _UNIX, _MODE
            archive.writestr(info, content)
            digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return Archive(buffer.getvalue(), digest.hexdigest())
