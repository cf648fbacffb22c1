# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The data of the report: values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import IPv4Network

from ...module_utils.weft.model.network import Network


class Verdict(StrEnum):
    """The probe result of an ordered pair, from best to worst; UNKNOWN was not probed."""

    OK = "ok"
    UNKNOWN = "unknown"
    SOURCE = "source"
    MTU = "mtu"
    TCP = "tcp"
    FAIL = "fail"

    @property
    def is_fault(self) -> bool:
        """Whether the pair is faulty."""
        return self not in (Verdict.OK, Verdict.UNKNOWN)


VERDICT_RANK: Mapping[Verdict, int] = {verdict: rank for rank, verdict in enumerate(Verdict)}


@dataclass(frozen=True, slots=True)
class RoundTrip:
    """Round trip times in milliseconds."""

    minimum: float
    median: float
    maximum: float


@dataclass(frozen=True, slots=True)
class Pair:
    """The probe results from one host's container to another's; MTUs in bytes, Mbit/s."""

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
        """The share of lost echo requests, from 0 to 1; None if none was sent."""
        return (self.sent - self.received) / self.sent if self.sent else None

    @property
    def has_small_path_mtu(self) -> bool:
        """Whether the path MTU is smaller than the MTU of the source's container."""
        return (
            self.path_mtu is not None
            and self.expected_mtu is not None
            and self.path_mtu < self.expected_mtu
        )


class Condition(StrEnum):
    """The condition of a host."""

    OK = "ok"
    PROBLEM = "problem"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True)
class Host:
    """A host of the inventory or of the verification; unknown fields are empty or None."""

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
        """The worst known condition."""
        if not self.reached:
            return Condition.UNREACHABLE
        return Condition.PROBLEM if self.problems else Condition.OK


@dataclass(frozen=True, slots=True)
class Lease:
    """The lease of a subnet. Times in seconds; a reservation has none, and never expires."""

    subnet: IPv4Network
    public_ip: str
    backend: str
    reservation: bool
    remaining: int | None = None
    granted: int | None = None
    revision: int | None = None


@dataclass(frozen=True, slots=True)
class InvalidEntry:
    """An entry below the leases' prefix that is not a valid lease."""

    key: str
    reason: str


@dataclass(frozen=True, slots=True)
class Drift:
    """A difference of a host from the inventory."""

    host: str
    what: str
    before: str | None = None
    after: str | None = None


@dataclass(frozen=True, slots=True)
class DriftCheck:
    """The result of the playbook drift."""

    began: str
    drifts: tuple[Drift, ...] = ()
    unreachable: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verification:
    """The result of the playbook verify; seconds is None if unknown."""

    began: str
    seconds: float | None
    pairs: Mapping[tuple[str, str], Pair] = field(default_factory=dict, hash=False)
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Fleet:
    """The gathered data; None if it was not gathered or could not be read.

    notes are the reasons for missing data. store_problem is why etcd could not be read,
    store_stopped the etcd hosts whose etcd does not run.
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
    store_problem: str = ""
    store_stopped: tuple[str, ...] = ()

    def pair(self, source: str, destination: str) -> Pair:
        """Return the pair, with the verdict UNKNOWN if it was not probed."""
        known = self.verification.pairs if self.verification else {}
        return known.get((source, destination)) or Pair(source, destination, Verdict.UNKNOWN)

    def name_of(self, public_ip: str) -> str | None:
        """Return the name of the host with this public IP, None if there is none."""
        return next((host.name for host in self.hosts if host.public_ip == public_ip), None)
