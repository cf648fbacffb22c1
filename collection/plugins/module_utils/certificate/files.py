# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of an identity, and their owners, groups and modes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.weft.overlay.plugins.module_utils.file_attributes import (
    FileAttributes,
    attributes_of,
)


@dataclass(frozen=True, slots=True)
class Files:
    """The paths of a key, its certificate and the trusted CA certificates."""

    directory: Path
    name: str

    @property
    def key(self) -> Path:
        """The private key."""
        return self.directory / f"{self.name}.key"

    @property
    def certificate(self) -> Path:
        """The certificate."""
        return self.directory / f"{self.name}.pem"

    @property
    def trusted(self) -> Path:
        """The trusted CA certificates."""
        return self.directory / "ca.pem"

    def attributes(self, owner: str, group: str) -> dict[Path, FileAttributes]:
        """Return owner, group and mode of each path; only the owner may read the key."""
        return {
            self.directory: FileAttributes("root", group, 0o750),
            self.key: FileAttributes(owner, group, 0o600),
            self.certificate: FileAttributes("root", group, 0o644),
            self.trusted: FileAttributes("root", group, 0o644),
        }


def attribute_problems(wanted: dict[Path, FileAttributes]) -> Iterator[str]:
    """Yield a clause for each file that is missing or has other attributes."""
    for path, attributes in wanted.items():
        try:
            found = attributes_of(path.stat())
        except FileNotFoundError:
            yield f"{path} does not exist"
            continue
        if found != attributes:
            yield f"{path} is {found}, not {attributes}"
