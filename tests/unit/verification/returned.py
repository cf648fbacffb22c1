# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Results of the probe modules on the hosts of a fleet; a test changes those of single pairs."""

from __future__ import annotations

from typing import Any, TypeAlias

Faults: TypeAlias = dict[tuple[int, int], dict[str, Any]]

BEGAN, ENDED = "2026-01-31T12:00:00", "2026-01-31T12:00:09.500000"
MTU = 1472
LOST = {"name": "", "source": None, "error": "timed out"}
SILENCE: dict[str, Any] = {
    "received": 0,
    "round_trip_ms": None,
    "udp": LOST,
    "tcp": LOST,
    "path_mtu": None,
}


def address(number: int) -> str:
    return f"100.96.{number}.2"


def observation(source: int, destination: int, **changes: Any) -> dict[str, Any]:
    answered = {"name": f"host{destination}", "source": address(source), "error": ""}
    return {
        "name": f"host{destination}",
        "address": address(destination),
        "sent": 5,
        "received": 5,
        "round_trip_ms": {"min": 0.3, "median": 0.4, "max": 0.9},
        "echo_error": "",
        "udp": answered,
        "tcp": answered,
        "path_mtu": MTU,
        "path_mtu_told_by": "",
        "expected_mtu": MTU,
        **changes,
    }


def status(number: int, **agent: Any) -> dict[str, Any]:
    return {
        "agent": {
            "backend": "udp",
            "datapath": "userspace",
            "mtu": MTU,
            "port": 8285,
            "release": "abc123",
            "lease": {"subnet": f"100.96.{number}.0/24", "public_ip": f"192.0.2.{10 + number}"},
            "problems": [],
            **agent,
        },
        "datapath": {"offloads": {"tun-gso": "active", "udp-gso": "refused"}},
        "problems": [],
    }


def started(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "address": address(number),
        "prefix_length": 24,
        "mtu": MTU,
        "docker": "28.5.2",
        "kernel": "6.12.48",
        "daemon": status(number),
        **changes,
    }


def fleet(
    count: int,
    faults: Faults | None = None,
    hosts: dict[int, dict[str, Any]] | None = None,
) -> list[dict[str, Any]]:
    """Hosts that reach each other, but for ``faults``; ``hosts`` changes what a host started."""
    faults, hosts = faults or {}, hosts or {}
    numbers = range(1, count + 1)
    silent = {pair for pair, changes in faults.items() if changes is SILENCE}
    return [
        {
            "name": f"host{source}",
            "started": started(source, **hosts.get(source, {})),
            "probed": {
                "observations": [
                    observation(source, other, **faults.get((source, other), {}))
                    for other in numbers
                    if other != source
                ]
            },
            "absent": {
                "sources": [address(other) for other in numbers if (other, source) not in silent]
            },
        }
        for source in numbers
    ]
