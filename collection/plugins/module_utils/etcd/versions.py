# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Versions of etcd, and the upgrades between them that etcd supports. No I/O."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from .cluster import EtcdError

# An older 3.5 may not have stored that a learner was promoted or a member removed, where 3.6 looks
# (etcd.io/blog/2025/zombie_members_upgrade).
_FIXED_3_5 = (3, 5, 26)

_VERSION = re.compile(r"(?:\d+:)?(?P<major>\d+)\.(?P<minor>\d+)(?:\.(?P<patch>\d+))?")


class Version(NamedTuple):
    """A version as major, minor and patch, which compares in this order."""

    major: int
    minor: int
    patch: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"


def parse_version(text: str) -> Version:
    """Return a version of etcd or of its Debian package. Raises EtcdError."""
    match = _VERSION.match(text)
    if match is None:
        raise EtcdError(f"{text!r} is not a version of etcd such as 3.5.16")
    return Version(int(match["major"]), int(match["minor"]), int(match["patch"] or 0))


def upgrade_problem(running: Iterable[Version], target: Version) -> str:
    """Return why members that run these versions cannot be upgraded to the target, or "".

    etcd supports two neighbouring minor versions in one cluster, and changes its data format once
    all members are new (etcd.io, "Upgrading etcd clusters and applications").
    """
    versions = sorted(set(running))
    if not versions:
        return "the running version of etcd is unknown: start the members, then run this again"
    oldest, newest = versions[0], versions[-1]
    if target < newest:
        return (
            f"{target} is older than the running {newest}: etcd cannot be downgraded. Make "
            f"{newest} or newer available to apt, or restore a snapshot into a cluster of the old "
            "version"
        )
    if target.major != oldest.major:
        return f"from {oldest} to {target} is another major version: see etcd's upgrade guide"
    if target.minor - oldest.minor > 1:
        return (
            f"from {oldest} to {target} skips a minor version: upgrade to "
            f"{oldest.major}.{oldest.minor + 1} first"
        )
    if (oldest.major, oldest.minor) == (3, 5) and target.minor == 6 and oldest < _FIXED_3_5:
        return (
            f"{oldest} may have lost the record of promoted or removed members, and {target} "
            "would use it: upgrade to 3.5.26 or newer first"
        )
    return ""
