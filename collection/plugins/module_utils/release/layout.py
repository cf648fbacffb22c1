# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The releases of a host: which are kept, which one is current.

``current`` is the release in use, ``previous`` the release that was in use before it was installed.
After a rollback both name the older release, so that a second rollback changes nothing.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass, replace
from pathlib import Path

from ansible_collections.weft.overlay.plugins.module_utils.weft.errors import WeftError

ARCHIVE_NAME = "weft.pyz"
LAUNCHER_MARK = "# weft.overlay.daemon owns this file.\n"
_NAME_LENGTH = 16


class ReleaseError(WeftError, ValueError):
    """A release cannot be installed, or there is none to roll back to."""


@dataclass(frozen=True, slots=True)
class Releases:
    """The names of the installed releases, the latest first, and the targets of the two links."""

    names: tuple[str, ...] = ()
    current: str | None = None
    previous: str | None = None


def release_name(digest: str) -> str:
    """Return the name of the release with this digest."""
    return digest[:_NAME_LENGTH]


def with_installed(releases: Releases, name: str, keep: int) -> Releases:
    """Return the releases after the installation of ``name``, reduced to the latest ``keep``.

    The current and the previous release are always kept.
    """
    if releases.current != name or name not in releases.names:
        previous = releases.current if releases.current != name else releases.previous
        releases = Releases(
            (name, *(other for other in releases.names if other != name)),
            current=name,
            previous=previous if previous in releases.names else None,
        )
    linked = {releases.current, releases.previous}
    unlinked_count = keep - len(linked & set(releases.names))
    unlinked = [other for other in releases.names if other not in linked][: max(unlinked_count, 0)]
    kept = tuple(other for other in releases.names if other in linked or other in unlinked)
    return replace(releases, names=kept)


def rolled_back(releases: Releases) -> Releases:
    """Return the releases after a rollback to the previous one.

    Raises ReleaseError if there is none.
    """
    if releases.previous is None:
        raise ReleaseError(
            "no release was installed before the current one: "
            "use state present to install the release of this collection"
        )
    if releases.previous not in releases.names:
        raise ReleaseError(
            f"the previous release {releases.previous} was removed: "
            "install it with state present and the version of the collection that contains it"
        )
    return replace(releases, current=releases.previous)


def launcher(program: str, python: str, root: Path) -> str:
    """Return the shell script that starts a program of the current release.

    It resolves the link first, so that a running program never reads files of another release.
    """
    archive = shlex.quote(str(root / "current" / ARCHIVE_NAME))
    return (
        f"#!/bin/sh\n{LAUNCHER_MARK}"
        f'exec {shlex.quote(python)} -I "$(readlink -f {archive})" {program} "$@"\n'
    )
