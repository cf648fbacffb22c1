# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Between which pairs the throughput is measured."""

from __future__ import annotations

from collections.abc import Sequence


def choose_pairs(names: Sequence[str], count: int) -> list[tuple[str, str]]:
    """Return at most ``count`` ordered pairs, spread over the hosts.

    First each host sends to the next host, then to the host after the next, and so on.
    """
    ring = len(names)
    pairs = (
        (names[place], names[(place + step) % ring])
        for step in range(1, ring)
        for place in range(ring)
    )
    return [pair for pair, _number in zip(pairs, range(count), strict=False)]
