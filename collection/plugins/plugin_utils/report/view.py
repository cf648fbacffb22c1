# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The view model: all data that the templates show."""

from __future__ import annotations

from dataclasses import dataclass

from .address_space import AddressSpace, draw_address_space
from .fleet import Condition, DriftCheck, Fleet, Verdict, Verification
from .fleet_map import FleetMap, draw_map
from .heat_map import HeatMap, draw_heat_map
from .labels import counted, milliseconds
from .lease_table import LeaseRow, list_leases
from .problems import Problem, Severity, list_problems
from .versions import Software, compare_versions


@dataclass(frozen=True, slots=True)
class Tile:
    """A figure at the head of the report. state is ok, problem or neutral."""

    name: str
    value: str
    detail: str
    state: str
    link: str


@dataclass(frozen=True, slots=True)
class Report:
    """The report. state is ok, problem or unknown."""

    title: str
    generated: str
    subtitle: str
    state: str
    headline: str
    tiles: tuple[Tile, ...]
    problems: tuple[Problem, ...]
    map: FleetMap
    heat_map: HeatMap
    verification: Verification | None
    address_space: AddressSpace | None
    leases: tuple[LeaseRow, ...] | None
    revision: int | None
    drift: DriftCheck | None
    software: tuple[Software, ...]


def view_report(fleet: Fleet) -> Report:
    """Return the view model of the fleet."""
    leases = list_leases(fleet)
    heat_map = draw_heat_map(fleet)
    space = draw_address_space(fleet)
    problems = list_problems(fleet, leases)
    state, headline = _headline(fleet, heat_map, problems)
    return Report(
        title=fleet.title,
        generated=fleet.generated,
        subtitle=_subtitle(fleet),
        state=state,
        headline=headline,
        tiles=_tiles(fleet, space),
        problems=problems,
        map=draw_map(fleet),
        heat_map=heat_map,
        verification=fleet.verification,
        address_space=space,
        leases=leases,
        revision=fleet.revision,
        drift=fleet.drift,
        software=compare_versions(fleet),
    )


def _subtitle(fleet: Fleet) -> str:
    parts = [counted(len(fleet.hosts), "host")]
    if fleet.network is not None:
        parts.append(str(fleet.network.network))
    backends = sorted({host.backend for host in fleet.hosts if host.backend})
    if backends:
        parts.append(" and ".join(backends))
    return " · ".join(parts)


def _headline(fleet: Fleet, heat_map: HeatMap, problems: tuple[Problem, ...]) -> tuple[str, str]:
    unreachable = sum(not host.reached for host in fleet.hosts)
    with_problems = sum(host.condition is Condition.PROBLEM for host in fleet.hosts)
    faults = sum(problem.severity is Severity.FAULT for problem in problems)
    store = _store_headline(fleet)
    parts = []
    if heat_map.faults:
        parts.append(counted(len(heat_map.faults), "faulty pair"))
    if unreachable:
        parts.append(f"{counted(unreachable, 'host')} unreachable")
    if with_problems and not parts:
        parts.append(f"{counted(with_problems, 'host')} with problems")
    if faults and not parts and not store:
        parts.append(counted(faults, "problem"))
    if parts:
        return "problem", "; ".join(filter(None, (store, ", ".join(parts))))
    state, headline = _headline_without_problems(fleet, heat_map)
    return (
        ("problem", f"{store}; {headline[0].lower()}{headline[1:]}") if store else (state, headline)
    )


def _store_headline(fleet: Fleet) -> str:
    if not fleet.store_problem:
        return ""
    return "etcd unreachable" if "unreachable" in fleet.store_problem else "etcd could not be read"


def _headline_without_problems(fleet: Fleet, heat_map: HeatMap) -> tuple[str, str]:
    if fleet.verification is None:
        return "unknown", f"{counted(len(fleet.hosts), 'host')}, not checked"
    if len(fleet.hosts) < 2:
        return "ok", f"{counted(len(fleet.hosts), 'host')}, no problems"
    if any(cell and cell.verdict is Verdict.UNKNOWN for row in heat_map.rows for cell in row.cells):
        return "unknown", "Not every pair was checked"
    return "ok", f"All {len(fleet.hosts)} hosts reach each other"


def _tiles(fleet: Fleet, space: AddressSpace | None) -> tuple[Tile, ...]:
    healthy = sum(host.condition is Condition.OK for host in fleet.hosts)
    tiles = [
        Tile(
            "Hosts",
            f"{healthy} of {len(fleet.hosts)}",
            "healthy",
            "ok" if healthy == len(fleet.hosts) else "problem",
            "#map",
        )
    ]
    if fleet.verification is not None:
        tiles += _probed_tiles(fleet, fleet.verification)
    if space is not None:
        tiles.append(
            Tile(
                "Subnets",
                f"{space.held:,} leased",
                f"{space.free:,} of {space.capacity:,} free",
                "ok" if space.free else "problem",
                "#addresses",
            )
        )
    if fleet.drift is not None:
        tiles.append(_drift_tile(fleet.drift))
    return tuple(tiles)


def _drift_tile(drift: DriftCheck) -> Tile:
    count = len(drift.drifts)
    unreachable = (
        f"{counted(len(drift.unreachable), 'host')} unreachable" if drift.unreachable else ""
    )
    if count:
        detail = "; ".join(filter(None, ("settings differ", unreachable)))
        return Tile("Drift", str(count), detail, "problem", "#drift")
    if unreachable:
        return Tile("Drift", "unknown", unreachable, "neutral", "#drift")
    return Tile("Drift", "none", "as in the inventory", "ok", "#drift")


def _probed_tiles(fleet: Fleet, verification: Verification) -> list[Tile]:
    pairs = verification.pairs.values()
    count = len(fleet.hosts) * (len(fleet.hosts) - 1)
    reachable = sum(pair.verdict is Verdict.OK for pair in pairs)
    tiles = [
        Tile(
            "Pairs",
            f"{reachable:,} of {count:,}",
            "reachable, source unchanged",
            "ok" if reachable == count else "problem",
            "#matrix",
        )
    ]
    times = sorted(pair.round_trip.median for pair in pairs if pair.round_trip)
    if times:
        tiles.append(
            Tile(
                "Round-trip time",
                f"{milliseconds(times[len(times) // 2])} ms",
                f"median; slowest pair {milliseconds(times[-1])} ms",
                "neutral",
                "#matrix",
            )
        )
    sizes = sorted({pair.path_mtu for pair in pairs if pair.path_mtu is not None})
    if sizes:
        tiles.append(
            Tile(
                "Path MTU",
                f"{sizes[0]}",
                "bytes, the smallest" if len(sizes) > 1 else "bytes, all measured pairs",
                "problem" if any(pair.has_small_path_mtu for pair in pairs) else "ok",
                "#matrix",
            )
        )
    return tiles
