# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The matrix as text: a row for each source, a column for each destination."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import median

from .results import Host, Pair, Results, Verdict

LARGEST = 8
"""Up to this many hosts, each has a column; above, a pair is one character."""

SIGNS = {
    Verdict.OK: ".",
    Verdict.SOURCE: "s",
    Verdict.MTU: "m",
    Verdict.TCP: "t",
    Verdict.FAIL: "X",
}

Pairs = Mapping[tuple[str, str], Pair]


def draw_matrix(results: Results) -> list[str]:
    """Return the lines of the matrix, with a legend."""
    pairs = {(pair.source.name, pair.destination.name): pair for pair in results.pairs}
    hosts = results.probed
    if len(hosts) <= LARGEST:
        lines = _columns(hosts, pairs)
        if any(pair.verdict is Verdict.OK for pair in results.pairs):
            lines.append("ok: reachable, source address unchanged; median round-trip time in ms")
        return lines
    return _map(hosts, pairs)


def summarise_round_trips(results: Results) -> str:
    """Return one line about the median round-trip times of all pairs, empty if there is none."""
    medians = {
        (pair.source.name, pair.destination.name): pair.seen.round_trip_ms["median"]
        for pair in results.pairs
        if pair.seen and pair.seen.round_trip_ms
    }
    if not medians:
        return ""
    source, destination = max(medians, key=medians.__getitem__)
    return (
        f"round-trip time of {len(medians)} pairs: median {median(medians.values()):.2f} ms, "
        "longest "
        f"{medians[source, destination]:.2f} ms ({source} -> {destination})"
    )


def _columns(hosts: list[Host], pairs: Pairs) -> list[str]:
    names = [host.name for host in hosts]
    rows = [
        ("from \\ to", "", *names),
        *(
            (host.name, host.container, *(_cell(pairs.get((host.name, name))) for name in names))
            for host in hosts
        ),
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(names) + 2)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def _cell(pair: Pair | None) -> str:
    if pair is None:
        return "-"
    seen = pair.seen
    if pair.verdict is Verdict.OK and seen and seen.round_trip_ms:
        return f"ok {seen.round_trip_ms['median']:.2f}"
    if pair.verdict is Verdict.MTU and seen:
        return f"mtu {seen.path_mtu}"
    return "FAIL" if pair.verdict is Verdict.FAIL else pair.verdict.value


def _map(hosts: list[Host], pairs: Pairs) -> list[str]:
    names = [host.name for host in hosts]
    numbers = range(1, len(names) + 1)
    number_width, name_width = len(str(len(names))), max(map(len, names))
    margin = " " * (number_width + name_width + 2)
    # Two lines with the number of each column: tens above units.
    lines = [
        margin + "".join(str(number // 10 % 10) if number % 10 == 0 else " " for number in numbers),
        margin + "".join(str(number % 10) for number in numbers),
    ]
    for number, source in zip(numbers, names, strict=True):
        signs = (_sign(pairs.get((source, destination))) for destination in names)
        lines.append(f"{number:>{number_width}} {source:<{name_width}} " + "".join(signs))
    counts = dict.fromkeys(Verdict, 0)
    for pair in pairs.values():
        counts[pair.verdict] += 1
    counted = ", ".join(
        f"{SIGNS[verdict]} {count} {verdict}"
        for verdict, count in counts.items()
        if count or verdict is Verdict.OK
    )
    return [line.rstrip() for line in lines] + [f"{len(pairs)} pairs: {counted}"]


def _sign(pair: Pair | None) -> str:
    return "-" if pair is None else SIGNS[pair.verdict]
