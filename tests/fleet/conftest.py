# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab and the installed collection that the journeys share."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.playbook import REPOSITORY, plain_environment

from .fleet_lab import Lab, raised_lab


@pytest.fixture(scope="module")
def tarball(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Galaxy tarball, built from the checkout."""
    target = tmp_path_factory.mktemp("dist")
    galaxy(target, "build", "--output-path", str(target), str(REPOSITORY / "collection"))
    (built,) = target.glob("*.tar.gz")
    return built


@pytest.fixture(scope="module")
def collections(tarball: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A path into which the tarball was installed."""
    path = tmp_path_factory.mktemp("collections")
    # Galaxy would bring what ours depends on.
    shutil.copytree(REPOSITORY / ".venv/collections", path, dirs_exist_ok=True)
    galaxy(path, "install", "--offline", str(tarball), "-p", str(path))
    return path


def galaxy(folder: Path, *arguments: str) -> None:
    """Run ansible-galaxy in a folder without an ansible.cfg, which would lead to the checkout."""
    command = [str(REPOSITORY / ".venv/bin/ansible-galaxy"), "collection", *arguments]
    subprocess.run(command, cwd=folder, env=plain_environment(), check=True, capture_output=True)


@pytest.fixture(scope="module")
def lab(request: pytest.FixtureRequest) -> Iterator[Lab]:
    with raised_lab("jrn", "10.173.0.0/24", request) as lab:
        yield lab
