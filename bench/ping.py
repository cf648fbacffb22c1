# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ping: its command line and its output."""

from __future__ import annotations

import re
from ipaddress import IPv4Address

from bench.errors import BenchError

_TIME = re.compile(r"time=([0-9.]+) ms")


def command(target: IPv4Address, count: int, interval: float) -> str:
    """Return the command for `count` requests, `interval` seconds apart.

    ping's own exit status tells of a single lost request, so it is dropped.
    """
    deadline = round(count * interval) + 3
    return f"ping -n -i {interval} -c {count} -w {deadline} {target} || true"


def parse_microseconds(text: str, count: int) -> tuple[float, ...]:
    """Read the round-trip times; raise BenchError if fewer than half of `count` were answered."""
    times = tuple(float(found) * 1000 for found in _TIME.findall(text))
    if len(times) < count / 2:
        raise BenchError(f"ping: {len(times)} of {count} requests were answered")
    return times
