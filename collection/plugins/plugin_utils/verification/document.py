# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The verification document, for other programs; docs/verify.md describes its format."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from .diagnosis import answer, problems
from .results import Host, Pair, Results

FORMAT = 1


def document(results: Results, began: datetime, ended: datetime) -> dict[str, Any]:
    """Return the document as JSON values. Both times must have a time zone."""
    return {
        "format": FORMAT,
        "began": began.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "seconds": round((ended - began).total_seconds(), 1),
        "hosts": [_host(host) for host in results.hosts],
        "pairs": [_pair(pair) for pair in results.pairs],
        "problems": problems(results),
    }


def _host(host: Host) -> dict[str, Any]:
    return {
        "name": host.name,
        "public_ip": host.public_ip,
        "subnet": host.subnet,
        "container": host.container,
        "backend": host.backend,
        "datapath": host.datapath,
        "mtu": host.mtu,
        "release": host.release,
        "docker": host.docker,
        "kernel": host.kernel,
        "problems": list(host.problems),
    }


def _pair(pair: Pair) -> dict[str, Any]:
    seen = pair.seen
    return {
        "from": pair.source.name,
        "to": pair.destination.name,
        "verdict": pair.verdict.value,
        "answer": answer(pair),
        "source_seen": pair.source_seen,
        "sent": seen.sent if seen else 0,
        "received": seen.received if seen else 0,
        "round_trip_ms": dict(seen.round_trip_ms) if seen and seen.round_trip_ms else None,
        "path_mtu": seen.path_mtu if seen else None,
        "expected_mtu": seen.expected_mtu if seen else None,
        "throughput_mbit": pair.throughput_mbit,
    }
