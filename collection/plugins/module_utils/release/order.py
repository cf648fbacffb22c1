# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The order of releases: by the collection's version, then by the host's history. No I/O."""

from __future__ import annotations

import re
from collections.abc import Mapping

from .layout import Releases

COLLECTION_VERSION = "1.0.0"
"""The version in galaxy.yml, which a module cannot read on a host."""

_NUMBERS = re.compile(r"\d+")


def downgrade_reason(releases: Releases, name: str, versions: Mapping[str, str]) -> str:
    """Return why the installation of *name* would be a downgrade, "" if it is none.

    *versions* has the version of the collection of each release; an older weft wrote none. Builds
    of one version are ordered by their installation on the host, the latest first in *releases*.
    """
    current = releases.current
    if current is None or current == name:
        return ""
    own, running = versions.get(name, ""), versions.get(current, "")
    if own and running and own != running:
        if _key(own) < _key(running):
            return f"it is of version {own}, the current release {current} of version {running}"
        return ""
    names = releases.names
    if name in names and current in names and names.index(name) > names.index(current):
        return f"the current release {current} was installed after it"
    return ""


def _key(version: str) -> tuple[tuple[int, ...], bool]:
    """Return a key by which versions compare: a pre-release comes before its release."""
    numbers, _dash, suffix = version.partition("-")
    return tuple(map(int, _NUMBERS.findall(numbers))), not suffix
