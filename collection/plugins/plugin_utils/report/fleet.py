# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fleet as the report knows it: values alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import IPv4Network

from ...module_utils.weft.model.network import Network


class Verdict(StrEnum):
    """What the probe of an ordered pair found, from best to worst; UNKNOWN was not probed."""

    OK = "ok"
    UNKNOWN = "unknown"
    SOURCE = "source"
    MTU = "mtu"
    TCP = "tcp"
    FAIL = "fail"

    @property
    def is_fault(self) -> bool:
        """Whether something is wrong between the two."""
        return self not in (Verdict.OK, Verdict.UNKNOWN)


SEVERITY: Mapping[Verdict, int] = {verdict: rank for rank, verdict in enumerate(Verdict)}


@dataclass(frozen=True, slots=True)
class RoundTrip:
    """Round trip times in milliseconds."""

    minimum: float
    median: float
    maximum: float


@dataclass(frozen=True, slots=True)
class Pair:
    """What one host's container saw of another's. MTUs in bytes, throughput in Mbit/s."""

    source: str
    destination: str
    verdict: Verdict
    answer: str = ""
    source_seen: str | None = None
    sent: int = 0
    received: int = 0
    round_trip: RoundTrip | None = None
    path_mtu: int | None = None
    expected_mtu: int | None = None
    throughput: float | None = None

    @property
    def loss(self) -> float | None:
        """The share of the probes without an answer, from 0 to 1; None without probes."""
        return (self.sent - self.received) / self.sent if self.sent else None

    @property
    def is_misfit(self) -> bool:
        """Whether less crosses than the sender's container believes."""
        return (
            self.path_mtu is not None
            and self.expected_mtu is not None
            and self.path_mtu < self.expected_mtu
        )


class Condition(StrEnum):
    """How a host fares."""

    OK = "ok"
    PROBLEM = "problem"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True)
class Host:
    """A host of the inventory, or of the verification; what is not known is empty or None."""

    name: str
    reached: bool = True
    public_ip: str = ""
    subnet: str = ""
    container: str = ""
    backend: str = ""
    datapath: str = ""
    mtu: int | None = None
    release: str = ""
    docker: str = ""
    kernel: str = ""
    problems: tuple[str, ...] = ()

    @property
    def condition(self) -> Condition:
        """The worst that is known."""
        if not self.reached:
            return Condition.UNREACHABLE
        return Condition.PROBLEM if self.problems else Condition.OK


@dataclass(frozen=True, slots=True)
class Lease:
    """Who holds a subnet. Times in seconds; a reservation has none, and never expires."""

    subnet: IPv4Network
    public_ip: str
    backend: str
    reservation: bool
    remaining: int | None = None
    granted: int | None = None
    revision: int | None = None


@dataclass(frozen=True, slots=True)
class InvalidEntry:
    """What stands among the leases and is none."""

    key: str
    reason: str


@dataclass(frozen=True, slots=True)
class Drift:
    """Where a host differs from what the inventory says."""

    host: str
    what: str
    before: str | None = None
    after: str | None = None


@dataclass(frozen=True, slots=True)
class DriftCheck:
    """One look for drift."""

    began: str
    drifts: tuple[Drift, ...] = ()
    unreachable: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verification:
    """One run of the verification; seconds is None where it did not say."""

    began: str
    seconds: float | None
    pairs: Mapping[tuple[str, str], Pair] = field(default_factory=dict, hash=False)
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Fleet:
    """All that was gathered; None is what nobody looked for, or could not be read.

    notes say why something is missing.
    """

    title: str
    generated: str
    hosts: tuple[Host, ...]
    network: Network | None = None
    leases: tuple[Lease, ...] | None = None
    invalid: tuple[InvalidEntry, ...] = ()
    revision: int | None = None
    verification: Verification | None = None
    drift: DriftCheck | None = None
    notes: tuple[str, ...] = ()

    def pair(self, source: str, destination: str) -> Pair:
        """The pair, unknown where it was not probed."""
        known = self.verification.pairs if self.verification else {}
        return known.get((source, destination)) or Pair(source, destination, Verdict.UNKNOWN)

    def name_of(self, public_ip: str) -> str | None:
        """The host that has this public IP."""
        return next((host.name for host in self.hosts if host.public_ip == public_ip), None)
