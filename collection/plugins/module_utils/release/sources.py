# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The source files of the daemon's package, read through its importer."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable

from ansible_collections.weft.overlay.plugins.module_utils.weft import cli
from ansible_collections.weft.overlay.plugins.module_utils.weft.weftctl import local_facts

ENTRY_POINTS = (cli, local_facts)

PACKAGE = cli.__name__.rpartition(".")[0]
"""The daemon's package. Ansible's payload has the files that the entry points import."""


def package_sources(package: str = PACKAGE) -> dict[str, bytes]:
    """Return the content of every Python file of the package by its path below it.

    The package may be in a directory or in a zip archive, such as the payload with which Ansible
    sends a module to a host.
    """
    return dict(_python_files(files(package), ""))


def _python_files(directory: Traversable, prefix: str) -> Iterator[tuple[str, bytes]]:
    for entry in directory.iterdir():
        if entry.is_dir():
            yield from _python_files(entry, f"{prefix}{entry.name}/")
        elif entry.name.endswith(".py"):
            yield prefix + entry.name, entry.read_bytes()
