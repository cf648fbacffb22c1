# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The versions on the hosts, and the hosts that differ from the majority."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

from .fleet import Fleet, Host

_RELEASE_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Variant:
    """One value, and the hosts that have it. share is from 0 to 1."""

    value: str
    count: int
    share: float
    hosts: tuple[str, ...]
    usual: bool


@dataclass(frozen=True, slots=True)
class Software:
    """A property of hosts, such as a version, and its values."""

    name: str
    variants: tuple[Variant, ...]

    @property
    def uniform(self) -> bool:
        """Whether all hosts have the same value."""
        return len(self.variants) <= 1


_KINDS: tuple[tuple[str, Callable[[Host], str]], ...] = (
    ("weft release", lambda host: short_release(host.release)),
    ("Docker", lambda host: host.docker),
    ("Kernel", lambda host: host.kernel),
    ("Backend", lambda host: host.backend),
    ("Datapath", lambda host: host.datapath),
    ("MTU", lambda host: str(host.mtu or "")),
)


def compare_versions(fleet: Fleet) -> tuple[Software, ...]:
    """Return each property with its values, the most frequent first."""
    return tuple(Software(name, _variants(fleet, value)) for name, value in _KINDS)


def short_release(release: str) -> str:
    """Return the beginning of a release's digest."""
    return release[:_RELEASE_SHOWN]


def _variants(fleet: Fleet, value_of: Callable[[Host], str]) -> tuple[Variant, ...]:
    hosts: dict[str, list[str]] = defaultdict(list)
    for host in fleet.hosts:
        hosts[value_of(host)].append(host.name)
    ordered = sorted(hosts.items(), key=lambda item: (item[0] == "", -len(item[1]), item[0]))
    return tuple(
        Variant(
            value=value or "unknown",
            count=len(names),
            share=len(names) / len(fleet.hosts),
            hosts=tuple(names),
            usual=place == 0,
        )
        for place, (value, names) in enumerate(ordered)
    )
