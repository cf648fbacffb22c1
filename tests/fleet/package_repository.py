# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A folder of Debian packages that apt takes as a repository."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path

from lab import paths
from lab.recipe import recipe_of
from tests.playbook import REPOSITORY


def lay_out_packages(suite: str, pattern: str, folder: Path) -> Path:
    """Copy what the image of *suite* has in apt's cache, and index it (sources.list(5))."""
    subprocess.run(
        ["/usr/bin/python3", "-m", "lab", "image", "--suite", suite],
        cwd=REPOSITORY,
        check=True,
        capture_output=True,
    )
    cache = paths.CACHE / recipe_of(suite).image_name / "var/cache/apt/archives"
    copies = [Path(shutil.copy2(package, folder)) for package in cache.glob(pattern)]
    assert copies, f"{cache} has no {pattern}"
    index = "\n".join(map(_entry, copies))
    (folder / "Packages").write_text(index, encoding="utf-8")
    return folder


def _entry(package: Path) -> str:
    control = subprocess.run(
        ["dpkg-deb", "--field", str(package)], check=True, capture_output=True, text=True
    ).stdout
    content = package.read_bytes()
    return (
        f"{control}Filename: ./{package.name}\nSize: {len(content)}\n"
        f"SHA256: {hashlib.sha256(content).hexdigest()}\n"
    )
