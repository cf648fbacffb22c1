# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known of a host: what the store says, the plan that follows, and what the host is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from typing import Any

from ..backends.plan import Plan
from ..datapath.process.status import Status as DatapathStatus
from ..host.settings import Settings
from ..host.underlay import Underlay
from ..kernel.device_counters import DeviceCounters
from ..kernel.links import Link, Links, RouteLookup
from ..kernel.state import HostState
from ..model.lease import Lease
from ..model.network import Network
from ..store.errors import StoreFault
from .host.verdict import Ruleset

BRIDGE = "docker0"


@dataclass(frozen=True, slots=True)
class HostFacts:
    """The facts of one host at one moment.

    unread holds why a fact could not be read, by its field's name: then the field is empty and
    says nothing. routes holds what the kernel answered, without the addresses that none leads to;
    asked those that it was asked for. claimants are the hardware addresses of other hosts that
    answer for the underlay's address. neighbours are those of the underlay. reached tells whether
    an address answered an echo request. store_fault says of which kind store_problem is.
    docker_config is daemon.json with what dockerd's command line says of the bridge. ntp_available
    tells whether a service is installed that could synchronise the clock.
    certificate_expiry is when this host's certificate for the store ends, None without one; it and
    now, when the facts were read, are in seconds of the epoch.
    """

    unread: Mapping[str, str] = field(default_factory=dict)
    agent: Mapping[str, Any] = field(default_factory=dict)
    settings: Settings = field(default_factory=Settings)
    links: Links = field(default_factory=lambda: Links(()))
    underlay: Underlay | None = None
    now: float = 0.0
    certificate_expiry: float | None = None
    store_problem: str | None = None
    store_fault: StoreFault = StoreFault.OTHER
    network: Network | None = None
    leases: tuple[Lease, ...] = ()
    own: Lease | None = None
    peers: tuple[Lease, ...] = ()
    datapath: DatapathStatus | None = None
    plan: Plan | None = None
    state: HostState = field(default_factory=HostState)
    asked: frozenset[IPv4Address] = frozenset()
    routes: Mapping[IPv4Address, RouteLookup] = field(default_factory=dict)
    neighbours: Mapping[IPv4Address, str] = field(default_factory=dict)
    rulesets: Mapping[str, Ruleset] = field(default_factory=dict)
    sysctls: Mapping[str, int] = field(default_factory=dict)
    udp_counters: Mapping[str, int] = field(default_factory=dict)
    counters: Mapping[str, DeviceCounters] = field(default_factory=dict)
    driver: str | None = None
    docker_config: Mapping[str, Any] = field(default_factory=dict)
    clock_synchronised: bool = True
    ntp_available: bool = True
    claimants: frozenset[str] = frozenset()
    reached: Mapping[IPv4Address, bool] = field(default_factory=dict)

    @property
    def bridge(self) -> Link | None:
        """The bridge that holds this host's part of the overlay, or else Docker's default one."""
        for link in self.links.links:
            if any(self.own and str(entry.interface) == self.own.bip for entry in link.addresses):
                return link
        return self.links.named(BRIDGE)

    @property
    def devices(self) -> tuple[str, ...]:
        """The devices by which the overlay's traffic enters and leaves the host."""
        return self.plan.traffic.devices if self.plan else ()

    @property
    def port(self) -> int | None:
        """The UDP port of the network's backend, None for one without encapsulation."""
        return self.network.backend.port if self.network else None


def bridge_of(lease: Lease) -> IPv4Address:
    """The address of a host inside the overlay: that of its bridge."""
    return lease.subnet.network_address + 1
