# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one container saw of another, read from the probe's output.

Each container serves its caller's source address over HTTP on a port that is not published, and
asks all the others for it. A line of the output is the asked address, then what came back: the
source address as the other end saw it, or the words of an error.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from ipaddress import IPv4Address


class Verdict(Enum):
    """How one container fared with another."""

    REACHED = "ok"
    SOURCE_REWRITTEN = "source"
    FAILED = "FAIL"


@dataclass(frozen=True, slots=True)
class Host:
    """A host of the fleet, its container's address, and what the container's probe printed."""

    name: str
    address: IPv4Address
    output: str


@dataclass(frozen=True, slots=True)
class Result:
    """One direction between two hosts; answer is what came back, in the probe's words."""

    source: Host
    destination: Host
    verdict: Verdict
    answer: str


def read_results(hosts: list[Host]) -> list[Result]:
    """The result of every ordered pair; a pair that nobody printed has failed."""
    return [
        _result(source, destination)
        for source in hosts
        for destination in hosts
        if source is not destination
    ]


def _result(source: Host, destination: Host) -> Result:
    if source.address == destination.address:
        # It would have asked itself, and been content with the answer.
        return Result(source, destination, Verdict.FAILED, f"both are {source.address}")
    answers = dict(line.partition(" ")[::2] for line in source.output.splitlines())
    answer = answers.get(str(destination.address), "the probe printed nothing").strip()
    if answer == str(source.address):
        return Result(source, destination, Verdict.REACHED, answer)
    try:
        IPv4Address(answer)
    except ValueError:
        return Result(source, destination, Verdict.FAILED, answer or "no answer")
    return Result(source, destination, Verdict.SOURCE_REWRITTEN, answer)
