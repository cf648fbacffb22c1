# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run of the benchmark: every path in every mode, interleaved, several times."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from ipaddress import IPv4Address

from bench import iperf3
from bench.endpoint import Endpoint, Pair
from bench.errors import BenchError
from bench.link import Mode, set_mode
from bench.measurement import Effort, Measurement
from bench.overlay import Overlay
from bench.paths.path import MeasuredPath
from bench.summary import Failure, Sample

Progress = Callable[[str], None]

# What measures and what sets the links, as Debian packages.
TOOLS = ("ethtool", "iperf3")

_ANSWER_TIMEOUT = 15
# IPv4 (RFC 791) and echo (RFC 792) headers, in bytes.
_ICMP_ECHO = 20 + 8


def connect(
    pair: Pair, paths: Sequence[MeasuredPath], progress: Progress
) -> tuple[dict[str, IPv4Address], dict[str, str]]:
    """Bring every path up; return the addresses to measure, and why a path is not among them."""
    for endpoint in pair.both:
        endpoint.install(*TOOLS)
    targets: dict[str, IPv4Address] = {}
    unavailable: dict[str, str] = {}
    for number, path in enumerate(paths):
        try:
            targets[path.name] = _connect(pair, path, Overlay(number))
        except BenchError as error:
            unavailable[path.name] = str(error)
            progress(f"{path.name}: unavailable: {error}")
    return targets, unavailable


def measure(
    pair: Pair,
    targets: Mapping[str, IPv4Address],
    modes: Sequence[Mode],
    effort: Effort,
    progress: Progress,
) -> tuple[list[Sample], list[Failure]]:
    """Visit each path once a mode and repeat; the order turns so that none is always first."""
    samples: list[Sample] = []
    failures: list[Failure] = []
    pair.right.start(iperf3.UNIT, *iperf3.SERVER)
    for repeat in range(effort.repeats):
        for mode in modes:
            set_mode(pair, mode)
            progress(f"repeat {repeat + 1} of {effort.repeats}, mode {mode}")
            for path, target in _turned(list(targets.items()), repeat):
                for part, values in Measurement(pair, target, effort).figures():
                    if isinstance(values, BenchError):
                        failures.append(Failure(path, mode, part, str(values)))
                        progress(f"{path}: {part} failed: {values}")
                    else:
                        samples += (Sample(path, mode, *item) for item in values.items())
    return samples, failures


def active_offloads(
    pair: Pair, paths: Sequence[MeasuredPath], connected: Collection[str]
) -> dict[str, dict[str, list[str]]]:
    """Ask the connected paths that can tell which offloads each host uses.

    Raises:
        BenchError: one that could be connected does not answer any more.
    """
    return {
        path.name: {each.name: list(path.active_offloads(each)) for each in pair.both}
        for path in paths
        if path.active_offloads is not None and path.name in connected
    }


def _connect(pair: Pair, path: MeasuredPath, overlay: Overlay) -> IPv4Address:
    for endpoint in pair.both:
        if path.packages:
            endpoint.install(*path.packages)
    target = path.connect(pair, overlay)
    _await_answer(pair, path, target)
    _check_mtu(pair, target)
    return target


def _await_answer(pair: Pair, path: MeasuredPath, target: IPv4Address) -> None:
    try:
        pair.left.run(
            f"timeout {_ANSWER_TIMEOUT} sh -c 'until ping -c 1 -W 1 {target}; do sleep 0.2; done'"
        )
    except BenchError as error:
        words = "; ".join(
            f"{endpoint.name}: {endpoint.last_words(f'bench-{path.name}')}"
            for endpoint in pair.both
        )
        raise BenchError(f"no answer in {_ANSWER_TIMEOUT} s ({words})") from error


def _check_mtu(pair: Pair, target: IPv4Address) -> None:
    """Raise BenchError unless a packet of the device's MTU crosses in one piece, inside and out."""
    left = pair.left
    (route,) = json.loads(left.run(f"ip -json route get {target}"))
    (link,) = json.loads(left.run(f"ip -json link show {route['dev']}"))
    mtu = link["mtu"]
    before = _fragments(left)
    left.run(f"ping -c 1 -W 2 -M do -s {mtu - _ICMP_ECHO} {target}")
    if _fragments(left) != before:
        raise BenchError(f"packets of its MTU, {mtu}, cross the underlay in fragments")


def _fragments(endpoint: Endpoint) -> int:
    return parse_fragments(endpoint.run("cat /proc/net/snmp"))


def parse_fragments(snmp: str) -> int:
    """Read from /proc/net/snmp how many IP fragments a host has made."""
    names, values = (line.split() for line in snmp.splitlines() if line.startswith("Ip:"))
    return int(values[names.index("FragCreates")])


def _turned(items: list[tuple[str, IPv4Address]], by: int) -> list[tuple[str, IPv4Address]]:
    start = by % len(items) if items else 0
    return items[start:] + items[:start]
