# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The checkout under examination, and the one way to run a program on it."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

REPOSITORY = Path(__file__).resolve().parents[2]
COLLECTION = REPOSITORY / "collection"
NAME = "weft.overlay"
# The kinds of plugins that ansible-doc knows, by their folders below plugins/.
DOCUMENTED = {
    "module": "modules",
    **{
        kind: kind
        for kind in (
            *("become", "cache", "callback", "cliconf", "connection", "filter", "httpapi"),
            *("inventory", "lookup", "netconf", "shell", "strategy", "test", "vars"),
        )
    },
}


class FaultError(Exception):
    """What an examiner found; the message is all that the author needs to mend it."""


@dataclass(frozen=True)
class Examination:
    """A scratch directory for one examination of the checkout."""

    scratch: Path

    @cached_property
    def galaxy(self) -> Mapping[str, Any]:
        """The collection's galaxy.yml."""
        document: Mapping[str, Any] = yaml.safe_load((COLLECTION / "galaxy.yml").read_text())
        return document

    @cached_property
    def source(self) -> Path:
        """A copy of what git knows of the collection."""
        source = self.scratch / "source"
        for name in self.tracked:
            copy = source / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(COLLECTION / name, copy)
        return source

    @cached_property
    def tarball(self) -> Path:
        """The artefact that Galaxy gets."""
        target = self.scratch / "dist"
        self.run("ansible-galaxy", "collection", "build", "--output-path", target, self.source)
        (built,) = target.glob("*.tar.gz")
        return built

    @cached_property
    def tracked(self) -> tuple[str, ...]:
        """The collection's files, as git knows them."""
        listed = self.run("git", "ls-files", "-z", ".", cwd=COLLECTION)
        return tuple(name for name in listed.split("\0") if name)

    def install(self, path: str, *what: str | Path) -> Path:
        """Install a collection below a path of its own, and return its directory."""
        root = self.scratch / path
        # Galaxy would bring what ours depends on.
        depended = REPOSITORY / ".venv/collections/ansible_collections"
        (root / "ansible_collections").mkdir(parents=True)
        for namespace in depended.iterdir():
            (root / "ansible_collections" / namespace.name).symlink_to(namespace)
        self.run("ansible-galaxy", "collection", "install", "--no-deps", *what, "-p", root)
        return root / "ansible_collections" / NAME.replace(".", "/")

    def run(
        self, *command: str | Path, cwd: Path | None = None, collections: Path | None = None
    ) -> str:
        """Run a program of the tests' environment and return what it printed, both streams.

        Nothing leads it to the checkout unless it is given. Raises FaultError if it fails.
        """
        environment = {
            key: text for key, text in os.environ.items() if not key.startswith("ANSIBLE_")
        }
        environment |= {
            "PATH": f"{REPOSITORY / '.venv/bin'}:{os.environ['PATH']}",
            "ANSIBLE_COLLECTIONS_PATH": str(collections or REPOSITORY / ".venv/collections"),
            "ANSIBLE_NOCOLOR": "1",
            "NO_COLOR": "1",
            "GALAXY_IMPORTER_CHECK_REQUIRED_TAGS": "true",
            "GALAXY_IMPORTER_REQUIRE_V1_OR_GREATER": "true",
        }
        done = subprocess.run(
            [str(word) for word in command],
            cwd=cwd or self.scratch,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
        )
        if done.returncode:
            raise FaultError(
                f"{' '.join(map(str, command))}: status {done.returncode}\n{done.stdout}"
            )
        return done.stdout
