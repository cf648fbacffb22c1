# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The facts of a host that the checks and the trace use: leases, plan, kernel, Docker."""

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
from ..kernel.network_conflicts import NetworkConflict
from ..kernel.state import HostState
from ..model.lease import Lease
from ..model.network import Network
from ..store.errors import StoreFault
from .firewall_rules import Ruleset
from .nft_rules import NftChain
from .peer_replies import PeerReplies

BRIDGE = "docker0"


@dataclass(frozen=True, slots=True)
class HostFacts:
    """The facts of one host at the time `now`.

    `unreadable` maps the name of a field to the reason why it could not be read; such a field has
    its default value. `now`, `certificate_begin` and `certificate_expiry` (None without a
    certificate) are in seconds since the epoch. `store_fault` is the kind of `store_problem`.
    `routes` lacks the addresses without a route. `neighbours` are the states of the underlay's
    neighbours. `docker_config` is daemon.json with the bridge options of dockerd's command line.
    `ntp_available`: a time synchronisation service is installed. `conflicting_macs` are the MAC
    addresses of other hosts that claim the underlay address by ARP. `peer_replies` lacks the peers
    that were not probed. `free_space`: the free part of the file systems of the given folders, of
    bytes or of inodes, from 0 to 1. `network_conflicts`: what else uses the overlay's network, read
    for probes only. `forwarding_file` is the file that disables the forwarding of IPv4 at boot.
    `nft_chains` are those of other tables than iptables'.
    """

    unreadable: Mapping[str, str] = field(default_factory=dict)
    agent: Mapping[str, Any] = field(default_factory=dict)
    settings: Settings = field(default_factory=Settings)
    links: Links = field(default_factory=lambda: Links(()))
    underlay: Underlay | None = None
    now: float = 0.0
    certificate_begin: float | None = None
    certificate_expiry: float | None = None
    store_problem: str | None = None
    store_fault: StoreFault = StoreFault.OTHER
    network: Network | None = None
    leases: tuple[Lease, ...] = ()
    own_lease: Lease | None = None
    peers: tuple[Lease, ...] = ()
    datapath: DatapathStatus | None = None
    plan: Plan | None = None
    state: HostState = field(default_factory=HostState)
    routes: Mapping[IPv4Address, RouteLookup] = field(default_factory=dict)
    neighbours: Mapping[IPv4Address, str] = field(default_factory=dict)
    rulesets: Mapping[str, Ruleset] = field(default_factory=dict)
    nft_chains: tuple[NftChain, ...] = ()
    sysctls: Mapping[str, int] = field(default_factory=dict)
    forwarding_file: str | None = None
    udp_counters: Mapping[str, int] = field(default_factory=dict)
    counters: Mapping[str, DeviceCounters] = field(default_factory=dict)
    driver: str | None = None
    docker_config: Mapping[str, Any] = field(default_factory=dict)
    clock_synchronised: bool = True
    ntp_available: bool = True
    network_conflicts: tuple[NetworkConflict, ...] = ()
    conflicting_macs: frozenset[str] = frozenset()
    free_space: Mapping[str, float] = field(default_factory=dict)
    peer_replies: Mapping[Lease, PeerReplies] = field(default_factory=dict)

    @property
    def bridge(self) -> Link | None:
        """The bridge with the address of the own lease, else Docker's default bridge."""
        for link in self.links.links:
            addresses = {str(entry.interface) for entry in link.addresses}
            if self.own_lease and self.own_lease.bip in addresses:
                return link
        return self.links.named(BRIDGE)

    @property
    def devices(self) -> tuple[str, ...]:
        """The devices by which the overlay's traffic enters and leaves the host."""
        return self.plan.traffic.devices if self.plan else ()

    @property
    def other_bridges(self) -> tuple[str, ...]:
        """The bridges of user-defined networks of Docker, and others."""
        own = self.bridge.name if self.bridge else None
        return tuple(
            link.name
            for link in self.links.links
            if link.kind == "bridge" and link.up and link.name != own
        )

    @property
    def forwarding_devices(self) -> tuple[str, ...]:
        """The devices from which the kernel forwards the overlay's packets: with the bridge."""
        return (*((self.bridge.name,) if self.bridge else ()), *self.devices)

    @property
    def port(self) -> int | None:
        """The UDP port of the network's backend, None for one without encapsulation."""
        return self.network.backend.port if self.network else None
