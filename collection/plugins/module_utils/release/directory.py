# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The directory of the releases."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

from ansible_collections.weft.overlay.plugins.module_utils.weft.system.files import (
    make_directories,
    write_atomically,
)

from .layout import ARCHIVE_NAME, Releases

_VERSION_FILE = "version"
_NAME = re.compile(r"[0-9a-f]{16}")


class ReleaseDirectory:
    """``releases/NAME/weft.pyz`` below a root, and the links ``current`` and ``previous``."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._releases = root / "releases"

    def archive_path(self, name: str) -> Path:
        """Return the path of a release's archive."""
        return self._releases / name / ARCHIVE_NAME

    def read(self) -> Releases:
        """Return the installed releases: those that have an archive. Raises OSError."""
        found = [
            path.parent
            for path in self._releases.glob(f"*/{ARCHIVE_NAME}")
            if _NAME.fullmatch(path.parent.name)
        ]
        found.sort(key=lambda path: (path.stat().st_mtime_ns, path.name), reverse=True)
        return Releases(
            tuple(path.name for path in found), self._target("current"), self._target("previous")
        )

    def holds(self, name: str, content: bytes) -> bool:
        """Return whether the archive of a release exists and has this content."""
        try:
            return self.archive_path(name).read_bytes() == content
        except FileNotFoundError:
            return False

    def write(self, name: str, content: bytes) -> None:
        """Write a release and make it the latest one. Raises OSError."""
        path = self.archive_path(name)
        make_directories(path.parent)
        write_atomically(path, content)
        self.touch(name)

    def versions(self, names: Iterable[str]) -> dict[str, str]:
        """Return the version of the collection of each release that has one."""
        files = {name: self._releases / name / _VERSION_FILE for name in names}
        return {
            name: path.read_text(encoding="ascii").strip()
            for name, path in files.items()
            if path.is_file()
        }

    def write_version(self, name: str, version: str) -> None:
        """Write the version of the collection of a release, if it has none. Raises OSError."""
        path = self._releases / name / _VERSION_FILE
        if not path.exists():
            write_atomically(path, f"{version}\n".encode("ascii"))

    def touch(self, name: str) -> None:
        """Make a release the latest one. Raises OSError."""
        os.utime(self._releases / name)

    def point(self, link: str, name: str | None) -> None:
        """Switch a link to a release atomically; None removes the link. Raises OSError."""
        path = self.root / link
        if name is None:
            path.unlink(missing_ok=True)
            return
        with tempfile.TemporaryDirectory(dir=self.root, prefix=f".{link}.") as directory:
            new = Path(directory, link)
            new.symlink_to(Path("releases", name))
            new.replace(path)

    def remove(self, name: str) -> None:
        """Remove a release. Raises OSError."""
        shutil.rmtree(self._releases / name)

    def remove_if_empty(self) -> None:
        """Remove the directories that are empty. Raises OSError."""
        for path in (self._releases, self.root):
            if path.is_dir() and not any(path.iterdir()):
                path.rmdir()

    def _target(self, link: str) -> str | None:
        path = self.root / link
        return path.readlink().name if path.is_symlink() else None
