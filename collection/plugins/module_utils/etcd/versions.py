# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Versions of etcd, and the steps between them that etcd allows. Pure, no I/O."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from .cluster import EtcdError

# An older 3.5 may not have stored that a learner was promoted or a member removed, where 3.6 looks
# (etcd.io/blog/2025/zombie_members_upgrade).
_MENDED_3_5 = (3, 5, 26)

_VERSION = re.compile(r"(?:\d+:)?(?P<major>\d+)\.(?P<minor>\d+)(?:\.(?P<patch>\d+))?")


class Version(NamedTuple):
    """Three numbers that compare in order."""

    major: int
    minor: int
    patch: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"


def parse_version(text: str) -> Version:
    """Read etcd's own version, or that of a Debian package of it. Raises EtcdError."""
    match = _VERSION.match(text)
    if match is None:
        raise EtcdError(f"{text!r} is not a version of etcd such as 3.5.16")
    return Version(int(match["major"]), int(match["minor"]), int(match["patch"] or 0))


def refuse_step(running: Iterable[Version], target: Version) -> str:
    """Return why a cluster whose members run these versions cannot go to the target, or "".

    etcd mixes two neighbouring minor versions and no others, and writes what an older one cannot
    read as soon as all members are new (etcd.io, "Upgrading etcd clusters and applications").
    """
    versions = sorted(set(running))
    if not versions:
        return "no member says which version it runs: start them, then run this again"
    oldest, newest = versions[0], versions[-1]
    if target < newest:
        return (
            f"{target} is older than {newest}, which runs: etcd does not go back. Make {newest} or "
            "a newer one available to apt, or restore a snapshot into a cluster of the old version"
        )
    if target.major != oldest.major:
        return f"from {oldest} to {target} is another major version: see etcd's own guide"
    if target.minor - oldest.minor > 1:
        return (
            f"from {oldest} to {target} skips a minor version: go to "
            f"{oldest.major}.{oldest.minor + 1} first"
        )
    if (oldest.major, oldest.minor) == (3, 5) and target.minor == 6 and oldest < _MENDED_3_5:
        return (
            f"{oldest} may have forgotten which members were promoted or removed, and {target} "
            "would believe it: go to 3.5.26 or newer first"
        )
    return ""
