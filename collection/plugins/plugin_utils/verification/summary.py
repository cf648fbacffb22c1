# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the terminal shows of a verification."""

from __future__ import annotations

from .matrix import draw_matrix, summarise_round_trips
from .results import Host, Results

_NAMED = 8  # the most hosts to list by name


def summarise(results: Results) -> list[str]:
    """Return the lines: matrix, round-trip times, datapaths and throughput."""
    lines = draw_matrix(results)
    if round_trips := summarise_round_trips(results):
        lines.append(round_trips)
    datapaths: dict[str, list[Host]] = {}
    for host in results.hosts:
        datapaths.setdefault(_datapath(host), []).append(host)
    lines += [f"{_named(hosts)}: {datapath}" for datapath, hosts in datapaths.items()]
    for pair in results.pairs:
        if pair.throughput_mbit is not None or pair.throughput_error:
            figure = (
                f"{pair.throughput_mbit:.0f} Mbit/s"
                if pair.throughput_mbit is not None
                else f"not measured: {pair.throughput_error}"
            )
            lines.append(f"throughput {pair.source.name} -> {pair.destination.name}: {figure}")
    return lines


def _datapath(host: Host) -> str:
    if not host.container:
        return host.problems[0]
    if not host.backend:
        waiting = host.has_agent and host.problems
        return f"weftd is not ready: {host.problems[0]}" if waiting else "weftd does not run"
    if host.datapath == "userspace":
        return f"{host.backend}, userspace datapath; offloads: {', '.join(host.offloads) or 'none'}"
    return f"{host.backend}, kernel datapath"


def _named(hosts: list[Host]) -> str:
    if len(hosts) > _NAMED:
        return f"{len(hosts)} hosts"
    return ", ".join(host.name for host in hosts)
