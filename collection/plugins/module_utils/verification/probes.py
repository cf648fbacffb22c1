# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The probes from one container to the containers of all peers."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from . import connections, echo
from .datagrams import DatagramProbe, PathMtu
from .exchange import Reply

_PARALLEL = 64  # peers; a probe waits for the network nearly all the time


@dataclass(frozen=True, slots=True)
class Peer:
    """Another host and the address of its container."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class ProbeSettings:
    """Port, number of echo requests, timeout of an attempt in seconds, number of attempts."""

    port: int
    echoes: int
    timeout: float
    attempts: int


@dataclass(frozen=True, slots=True)
class Observation:
    """The results of the probes to a peer; sizes in bytes, round-trip times in seconds."""

    peer: Peer
    round_trips: echo.RoundTrips
    udp: Reply
    tcp: Reply
    path_mtu: PathMtu | None
    expected_mtu: int

    def document(self) -> dict[str, Any]:
        """Return the entry of the module's result, with round-trip times in milliseconds."""
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
            "path_mtu_told_by": path.reported_by if path else "",
            "expected_mtu": self.expected_mtu,
        }


def probe_peers(peers: Sequence[Peer], settings: ProbeSettings, mtu: int) -> list[Observation]:
    """Probe all peers in parallel; ``mtu`` is the MTU of this container's device, in bytes.

    The round-trip times are measured first and alone, so that the other probes do not affect them.
    Raises OSError or ValueError as `echo.measure` does.
    """
    round_trips = echo.measure([peer.address for peer in peers], settings.echoes, settings.timeout)

    def observe(peer: Peer) -> Observation:
        with DatagramProbe(
            peer.address, settings.port, settings.timeout, settings.attempts
        ) as datagrams:
            udp = datagrams.identify()
            path_mtu = None if udp.error else datagrams.path_mtu(mtu)
        tcp = connections.identify(peer.address, settings.port, settings.timeout, settings.attempts)
        return Observation(peer, round_trips[peer.address], udp, tcp, path_mtu, mtu)

    with ThreadPoolExecutor(_PARALLEL) as pool:
        return list(pool.map(observe, peers))
