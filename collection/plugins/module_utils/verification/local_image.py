# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The image of the verification without a registry: the host's own `sleep` and its libraries."""

from __future__ import annotations

import tarfile
from collections.abc import Sequence
from pathlib import Path

NAME = "weft/probe:local"
"""The name of the image on each host."""

PROGRAM = "sleep"


def shared_objects(output: str) -> list[str]:
    """Return the paths in the output of ldd(1), in their order; none of a static program."""
    found = []
    for line in output.splitlines():
        words = line.replace("=>", " ").split()
        # "libc.so.6 => /lib/.../libc.so.6 (0x...)", or "/lib64/ld-linux-x86-64.so.2 (0x...)"
        path = next((word for word in words if word.startswith("/")), None)
        if path is not None:
            found.append(path)
    return list(dict.fromkeys(found))


def write_root(target: Path, program: Path, libraries: Sequence[str]) -> None:
    """Write the archive of a root directory with the program as /bin/sleep. Raises OSError."""
    with tarfile.open(target, "w") as archive:
        _add(archive, program, f"bin/{PROGRAM}")
        for library in libraries:
            _add(archive, Path(library), library.lstrip("/"))


def _add(archive: tarfile.TarFile, source: Path, name: str) -> None:
    # The content of a symbolic link's target, under the name by which the loader looks for it.
    content = source.resolve(strict=True)
    entry = tarfile.TarInfo(name)
    entry.size = content.stat().st_size
    entry.mode = 0o755
    with content.open("rb") as opened:
        archive.addfile(entry, opened)
