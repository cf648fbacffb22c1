# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which releases a host keeps, and which of them runs.

``current`` is the release that runs, ``previous`` the one that ran before it was installed. A
rollback lets both name the older one, so that a second rollback finds nothing to do.
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
    """A release cannot be installed or gone back to; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Releases:
    """The names of the installed releases, the latest first, and the two that links name."""

    names: tuple[str, ...] = ()
    current: str | None = None
    previous: str | None = None


def release_name(digest: str) -> str:
    """Return the name of the release with this digest."""
    return digest[:_NAME_LENGTH]


def with_installed(releases: Releases, name: str, keep: int) -> Releases:
    """Return the releases once ``name`` runs and all but the latest ``keep`` are gone.

    The current and the previous release stay whatever ``keep`` says.
    """
    if releases.current != name or name not in releases.names:
        former = releases.current if releases.current != name else releases.previous
        releases = Releases(
            (name, *(other for other in releases.names if other != name)),
            current=name,
            previous=former if former in releases.names else None,
        )
    linked = {releases.current, releases.previous}
    room = keep - len(linked & set(releases.names))
    unlinked = [other for other in releases.names if other not in linked][: max(room, 0)]
    kept = tuple(other for other in releases.names if other in linked or other in unlinked)
    return replace(releases, names=kept)


def with_previous(releases: Releases) -> Releases:
    """Return the releases once the previous one runs again.

    Raises ReleaseError if there is none.
    """
    if releases.previous is None:
        raise ReleaseError(
            "no release was installed before the current one: "
            "use state present to install the one that this collection bundles"
        )
    if releases.previous not in releases.names:
        raise ReleaseError(
            f"the previous release {releases.previous} is gone: "
            "install it with state present and the collection that bundles it"
        )
    return replace(releases, current=releases.previous)


def launcher(program: str, python: str, root: Path) -> str:
    """Return the shell script that starts a program of the current release.

    It resolves the link first: a program that runs keeps to its own release.
    """
    archive = shlex.quote(str(root / "current" / ARCHIVE_NAME))
    return (
        f"#!/bin/sh\n{LAUNCHER_MARK}"
        f'exec {shlex.quote(python)} -I "$(readlink -f {archive})" {program} "$@"\n'
    )
