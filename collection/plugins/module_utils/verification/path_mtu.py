# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The search for the path MTU. No I/O."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

SMALLEST = 68
"""The packet size that every link must support, in bytes (RFC 791, page 25)."""

_WIDTH = 16  # sizes in a round: three rounds search 4,000 sizes


@dataclass(frozen=True, slots=True)
class PathMtuSearch:
    """The state of the search: packets of ``passes`` bytes arrive, packets of ``fails`` do not."""

    passes: int
    fails: int

    @property
    def done(self) -> bool:
        """Whether the search has ended: no size lies between ``passes`` and ``fails``."""
        return self.fails - self.passes <= 1

    def sizes(self) -> list[int]:
        """Return the sizes to try next, ascending and evenly spaced; empty when done."""
        between = self.fails - self.passes - 1
        if between <= _WIDTH:
            return list(range(self.passes + 1, self.fails))
        return [self.passes + (between + 1) * part // (_WIDTH + 1) for part in range(1, _WIDTH + 1)]

    def narrowed(self, tried: Collection[int], arrived: Collection[int]) -> PathMtuSearch:
        """Return the search after a round. A size that arrived implies all smaller sizes."""
        passes = max([self.passes, *arrived])
        fails = min([self.fails, *(size for size in tried if size > passes)])
        return PathMtuSearch(passes, fails)
