# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The probes of one container to all the others."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from . import connections, echo
from .datagrams import DatagramProbe, PathMtu
from .exchange import Answer

_AT_ONCE = 64  # peers; one waits for the network nearly all the time


@dataclass(frozen=True, slots=True)
class Peer:
    """Another host and its container's address."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class Effort:
    """How hard to try: seconds for one attempt, attempts before something counts as lost."""

    port: int
    echoes: int
    timeout: float
    attempts: int


@dataclass(frozen=True, slots=True)
class Observation:
    """What the probes saw of a peer; sizes in bytes, round trips in seconds."""

    peer: Peer
    round_trips: echo.RoundTrips
    udp: Answer
    tcp: Answer
    path_mtu: PathMtu | None
    expected_mtu: int

    def document(self) -> dict[str, Any]:
        """Return it as a module's result, round trips in milliseconds."""
        times = [1000 * time for time in self.round_trips.times]
        path = self.path_mtu
        return {
            "name": self.peer.name,
            "address": self.peer.address,
            "sent": self.round_trips.sent,
            "received": len(times),
            "round_trip_ms": {
                "min": round(min(times), 3),
                "median": round(median(times), 3),
                "max": round(max(times), 3),
            }
            if times
            else None,
            "echo_error": self.round_trips.error,
            "udp": asdict(self.udp),
            "tcp": asdict(self.tcp),
            "path_mtu": path.size if path else None,
            "path_mtu_told_by": path.told_by if path else "",
            "expected_mtu": self.expected_mtu,
        }


def probe(peers: Sequence[Peer], effort: Effort, mtu: int) -> list[Observation]:
    """Probe all peers at once; ``mtu`` is that of the own container's device.

    First the round trips alone, since what else happens would be measured with them. Raises
    OSError or ValueError as `echo.measure` does.
    """
    round_trips = echo.measure([peer.address for peer in peers], effort.echoes, effort.timeout)

    def observe(peer: Peer) -> Observation:
        with DatagramProbe(peer.address, effort.port, effort.timeout, effort.attempts) as datagrams:
            udp = datagrams.who()
            path_mtu = None if udp.error else datagrams.path_mtu(mtu)
        tcp = connections.who(peer.address, effort.port, effort.timeout, effort.attempts)
        return Observation(peer, round_trips[peer.address], udp, tcp, path_mtu, mtu)

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(observe, peers))
