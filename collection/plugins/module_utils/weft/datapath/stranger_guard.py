# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Strangers are counted one by one until there are many; then the kernel keeps them out.

A filter makes a flood cheap, but hides that strangers send: a host whose lease is missing is found
by the drops that we count. So the filter is on only while there is a flood. What it drops the
kernel counts with the full receive queue (SO_MEMINFO), one number for both.
"""

from __future__ import annotations

# Datagrams a second: below this, strangers cost a few hundredths of a core at most.
FLOOD = 1000


def is_flood(filtering: bool, strangers: int, lost: int) -> bool:
    """Return whether the filter is wanted, by what was counted in the last second.

    `strangers` we have dropped, `lost` the kernel; the latter are strangers only while it filters.
    """
    return (strangers + (lost if filtering else 0)) > FLOOD
