# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which sizes to try until the largest that passes is known. No I/O."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

SMALLEST = 68
"""Every link of the internet carries as much, in bytes (RFC 791, page 25)."""

_WIDTH = 16  # sizes a round: three rounds find the one of 4,000


@dataclass(frozen=True, slots=True)
class PathMtuSearch:
    """Packets of ``passes`` bytes arrive, packets of ``fails`` bytes do not."""

    passes: int
    fails: int

    @property
    def done(self) -> bool:
        """Whether nothing lies between the two."""
        return self.fails - self.passes <= 1

    def sizes(self) -> list[int]:
        """Return what to try next, ascending and spread evenly; nothing once it is done."""
        between = self.fails - self.passes - 1
        if between <= _WIDTH:
            return list(range(self.passes + 1, self.fails))
        return [self.passes + (between + 1) * part // (_WIDTH + 1) for part in range(1, _WIDTH + 1)]

    def learn(self, tried: Collection[int], arrived: Collection[int]) -> PathMtuSearch:
        """Return the search after a round; what arrives shows that all smaller sizes do."""
        passes = max([self.passes, *arrived])
        fails = min([self.fails, *(size for size in tried if size > passes)])
        return PathMtuSearch(passes, fails)
