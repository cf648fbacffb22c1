# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The matrix as a heat map: a row for each source, a column for each destination.

Each cell has the values of all measures and the step on each measure's scale, so that the page
switches between them without a request.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from .fleet import Fleet, Pair, Verdict
from .labels import VERDICTS, counted, describe_pair, milliseconds, percent, reason_of

# Up to the first number of hosts a cell shows a value, up to the second a sign of the scale.
MOST_ROOMY = 14
MOST_MEDIUM = 40

_UNKNOWN = "x"
# The step of a round-trip time is its multiple of the fleet's median.
_LATENCY_FACTORS = (1.0, 1.5, 2.0, 4.0, 8.0)
_LOSSES = (0.0, 0.01, 0.05, 0.2, 0.5)
# The step of a throughput is its share of the fleet's median.
_THROUGHPUT_SHARES = (0.9, 0.75, 0.5, 0.25, 0.1)
_MTU_AS_EXPECTED, _MTU_LARGER, _MTU_SMALLER = "0", "2", "5"


@dataclass(frozen=True, slots=True)
class Cell:
    """One ordered pair: texts, and the step on each scale from 0 (good) to 5, or x for unknown.

    reason describes a fault, and is empty without one.
    """

    verdict: Verdict
    sign: str
    reason: str
    latency: str
    latency_step: str
    mtu: str
    mtu_step: str
    loss: str
    loss_step: str
    throughput: str
    throughput_step: str


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of one source; None for the host itself."""

    host: str
    cells: tuple[Cell | None, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a scale in the legend."""

    step: str
    text: str


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure of the heat map: name, summary and scale."""

    key: str
    name: str
    summary: str
    scale: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Fault:
    """A pair with a fault, for the list below the heat map."""

    source: str
    destination: str
    sign: str
    name: str
    verdict: Verdict
    details: str


@dataclass(frozen=True, slots=True)
class HeatMap:
    """The whole matrix. density is roomy, medium or dense."""

    names: tuple[str, ...]
    rows: tuple[Row, ...]
    measures: tuple[Measure, ...]
    density: str
    faults: tuple[Fault, ...]


def draw_heat_map(fleet: Fleet) -> HeatMap:
    """Return the heat map of all ordered pairs, in the order of the hosts."""
    names = tuple(host.name for host in fleet.hosts)
    pairs = [fleet.pair(one, other) for one in names for other in names if one != other]
    latencies = [pair.round_trip.median for pair in pairs if pair.round_trip]
    throughputs = [pair.throughput for pair in pairs if pair.throughput is not None]
    usual_latency = median(latencies) if latencies else 0.0
    usual_throughput = median(throughputs) if throughputs else 0.0

    def cell(source: str, destination: str) -> Cell | None:
        if source == destination:
            return None
        return _cell(fleet.pair(source, destination), usual_latency, usual_throughput)

    return HeatMap(
        names=names,
        rows=tuple(Row(name, tuple(cell(name, other) for other in names)) for name in names),
        measures=tuple(_measures(pairs, latencies, throughputs)),
        density=_density(len(names)),
        faults=tuple(
            Fault(
                source=pair.source,
                destination=pair.destination,
                sign=VERDICTS[pair.verdict].sign,
                name=VERDICTS[pair.verdict].name,
                verdict=pair.verdict,
                details=describe_pair(pair),
            )
            for pair in pairs
            if pair.verdict.is_fault
        ),
    )


def _density(hosts: int) -> str:
    if hosts <= MOST_ROOMY:
        return "roomy"
    return "medium" if hosts <= MOST_MEDIUM else "dense"


def _cell(pair: Pair, usual_latency: float, usual_throughput: float) -> Cell:
    time = pair.round_trip.median if pair.round_trip else None
    return Cell(
        verdict=pair.verdict,
        sign=VERDICTS[pair.verdict].sign,
        reason=reason_of(pair),
        latency="" if time is None else milliseconds(time),
        latency_step=_UNKNOWN
        if time is None
        else _step(lambda factor: time <= factor * usual_latency, _LATENCY_FACTORS),
        mtu="" if pair.path_mtu is None else str(pair.path_mtu),
        mtu_step=_mtu_step(pair),
        loss="" if pair.loss is None else percent(pair.loss).removesuffix(" %"),
        loss_step=_UNKNOWN
        if (loss := pair.loss) is None
        else _step(lambda limit: loss <= limit, _LOSSES),
        throughput="" if pair.throughput is None else f"{pair.throughput:.0f}",
        throughput_step=_UNKNOWN
        if (rate := pair.throughput) is None
        else _step(lambda share: rate >= share * usual_throughput, _THROUGHPUT_SHARES),
    )


def _step(holds: Callable[[float], bool], limits: Sequence[float]) -> str:
    """Return the number of the first limit that holds."""
    return str(next((step for step, limit in enumerate(limits) if holds(limit)), len(limits)))


def _mtu_step(pair: Pair) -> str:
    if pair.path_mtu is None:
        return _UNKNOWN
    if pair.expected_mtu is None or pair.path_mtu == pair.expected_mtu:
        return _MTU_AS_EXPECTED
    return _MTU_SMALLER if pair.has_small_path_mtu else _MTU_LARGER


def _measures(
    pairs: Sequence[Pair], latencies: Sequence[float], throughputs: Sequence[float]
) -> Iterator[Measure]:
    reachable = sum(pair.verdict is Verdict.OK for pair in pairs)
    yield Measure(
        "reach",
        "Reachability",
        f"{reachable:,} of {counted(len(pairs), 'pair')} without a fault",
        tuple(
            Step(verdict.value, f"{label.sign} {label.name}") for verdict, label in VERDICTS.items()
        ),
    )
    usual = median(latencies) if latencies else 0.0
    yield Measure(
        "latency",
        "Latency",
        f"Round-trip times from {milliseconds(min(latencies))} to {milliseconds(max(latencies))} "
        "ms, "
        f"median {milliseconds(usual)} ms"
        if latencies
        else "No round-trip time was measured",
        _bounded([f"{milliseconds(factor * usual)} ms" for factor in _LATENCY_FACTORS])
        if latencies
        else (),
    )
    yield Measure(
        "mtu",
        "Path MTU",
        _mtu_summary(pairs),
        (
            Step(_MTU_AS_EXPECTED, "as expected"),
            Step(_MTU_LARGER, "larger"),
            Step(_MTU_SMALLER, "smaller than expected"),
            Step(_UNKNOWN, "not measured"),
        ),
    )
    yield Measure(
        "loss",
        "Loss",
        _loss_summary([loss for pair in pairs if (loss := pair.loss) is not None]),
        (Step("0", "none"), *_bounded([percent(limit) for limit in _LOSSES])[1:]),
    )
    if throughputs:
        typical = median(throughputs)
        yield Measure(
            "rate",
            "Throughput",
            f"{counted(len(throughputs), 'pair')} measured, from {min(throughputs):,.0f} to "
            f"{max(throughputs):,.0f} Mbit/s, median {typical:,.0f}",
            (
                *(
                    Step(str(step), f"from {share * typical:,.0f} Mbit/s")
                    for step, share in enumerate(_THROUGHPUT_SHARES)
                ),
                Step(str(len(_THROUGHPUT_SHARES)), "less"),
            ),
        )


def _loss_summary(losses: Sequence[float]) -> str:
    if not losses:
        return "No loss was measured"
    lossy = sum(loss > 0 for loss in losses)
    return (
        f"{lossy:,} of {counted(len(losses), 'pair')} lost echo requests"
        if lossy
        else "No echo request was lost"
    )


def _mtu_summary(pairs: Sequence[Pair]) -> str:
    found = sorted({pair.path_mtu for pair in pairs if pair.path_mtu is not None})
    if not found:
        return "No path MTU was measured"
    too_small = sum(pair.has_small_path_mtu for pair in pairs)
    sizes = f"{found[0]} bytes" if len(found) == 1 else f"{found[0]} to {found[-1]} bytes"
    return f"{sizes}, " + (
        f"{counted(too_small, 'pair')} smaller than expected" if too_small else "as expected"
    )


def _bounded(limits: Sequence[str]) -> tuple[Step, ...]:
    """Steps up to each limit, and one beyond the last."""
    return (
        *(Step(str(step), f"to {limit}") for step, limit in enumerate(limits)),
        Step(str(len(limits)), "more"),
    )
