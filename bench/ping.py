# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ping: its command line and its output."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address
from itertools import pairwise

from bench.errors import BenchError

_ANSWER = re.compile(r"^\[([0-9.]+)\].* icmp_seq=(\d+) .*time=([0-9.]+) ms", re.MULTILINE)
_TIME = re.compile(r"time=([0-9.]+) ms")


def command(target: IPv4Address, count: int, interval: float) -> str:
    """Return the command for `count` requests, `interval` seconds apart.

    ping's own exit status tells of a single lost request, so it is dropped.
    """
    deadline = round(count * interval) + 3
    return f"ping -n -D -i {interval} -c {count} -w {deadline} {target} || true"


def parse_microseconds(text: str, count: int) -> tuple[float, ...]:
    """Read the round-trip times; raise BenchError if fewer than half of `count` were answered."""
    times = tuple(float(found) * 1000 for found in _TIME.findall(text))
    if len(times) < count / 2:
        raise BenchError(f"ping: {len(times)} of {count} requests were answered")
    return times


@dataclass(frozen=True, slots=True)
class Interruption:
    """What an event did to steady requests: how many got no answer, and the longest times in ms."""

    lost: int
    silence: float
    round_trip: float


def parse_interruption(text: str) -> Interruption:
    """Read it from what `command` prints; what had no time for its answer in the end is no loss.

    Raises:
        BenchError: fewer than two were answered.
    """
    answers = [(float(at), int(number), float(took)) for at, number, took in _ANSWER.findall(text)]
    if len(answers) < 2:
        raise BenchError(f"ping: {len(answers)} requests were answered")
    numbers = {number for _at, number, _took in answers}
    times = [at for at, _number, _took in answers]
    return Interruption(
        lost=max(numbers) - len(numbers),
        silence=1000 * max(after - before for before, after in pairwise(times)),
        round_trip=max(took for _at, _number, took in answers),
    )
