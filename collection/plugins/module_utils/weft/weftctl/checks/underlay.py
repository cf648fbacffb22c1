# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of the underlay: duplicate addresses, network cards, reachable peers."""

from __future__ import annotations

from collections.abc import Iterator

from ...backends.vxlan import TYPE as VXLAN
from ...host.conflicts import shared_public_ips
from ...kernel.network_conflicts import ConflictKind
from ..facts import HostFacts
from ..finding import Check, CheckProblem, Severity
from ..fixes import SITE

# One wrong checksum in so many packets is normal.
_TOLERATED = 10_000
# Drivers that decapsulate VXLAN wrongly or drop its port (flannel #2388, moby #41775).
_FAULTY_DRIVERS = frozenset({"vmxnet3"})
_VXLAN_PORT = 8472


def _public_ip(facts: HostFacts) -> list[CheckProblem]:
    """Find public IPs with several leases, leases that overlap this host's, and duplicate hosts.

    Hosts with one public IP share one lease, so etcd does not show a cloned host; ARP does, if
    both are on the same link.
    """
    fix = f"find them with 'weftctl leases'; set overlay_public_ip of each host, then {SITE}"
    own = facts.own_lease
    overlapping = [
        f"{lease.public_ip} holds {lease.subnet}, which overlaps with {own.subnet} of this host"
        for lease in facts.leases
        if own and lease.public_ip != own.public_ip and lease.subnet.overlaps(own.subnet)
    ]
    return [
        *(CheckProblem(text, fix) for text in (*shared_public_ips(facts.leases), *overlapping)),
        *_duplicate_address(facts),
    ]


def _network_range(facts: HostFacts) -> list[CheckProblem]:
    """Find other users of the overlay's network; a rule that drops its range is a fault."""
    return [
        CheckProblem(
            conflict.text,
            conflict.fix,
            Severity.FAULT if conflict.kind is ConflictKind.RULE else Severity.WARNING,
        )
        for conflict in facts.network_conflicts
    ]


def _duplicate_address(facts: HostFacts) -> Iterator[CheckProblem]:
    if facts.underlay is None:
        return
    address, interface = facts.underlay.address, facts.underlay.interface
    for mac in sorted(facts.conflicting_macs):
        yield CheckProblem(
            f"another host on the link of {interface}, {mac}, also has the address {address} of "
            "this host, as a cloned host has",
            f"change the address of one of the two hosts, then {SITE}",
        )


def _offloads(facts: HostFacts) -> list[CheckProblem]:
    """Find received wrong checksums, or a network card with known faults."""
    problems = []
    interface = facts.underlay.interface if facts.underlay else "eth0"
    wrong = facts.udp_counters.get("InCsumErrors", 0)
    received = facts.udp_counters.get("InDatagrams", 0)
    if wrong * _TOLERATED > received + wrong:
        problems.append(
            CheckProblem(
                f"{wrong} UDP packets had a wrong checksum, {received} were correct: the network "
                "card of a sender computes checksums wrongly",
                f"on the senders: ethtool -K {interface} tx-checksum-ip-generic off",
                Severity.WARNING,
            )
        )
    backend = facts.network.backend if facts.network else None
    is_vxlan = backend is not None and backend.type == VXLAN and backend.port == _VXLAN_PORT
    if is_vxlan and facts.driver in _FAULTY_DRIVERS:
        problems.append(
            CheckProblem(
                f"the driver {facts.driver} of {interface} may drop VXLAN on port {_VXLAN_PORT}",
                "publish another port (overlay_backend), or ethtool -K "
                f"{interface} tx-udp_tnl-segmentation off tx-udp_tnl-csum-segmentation off",
                Severity.WARNING,
            )
        )
    return problems


PUBLIC_IP = Check(
    "public-ip",
    "no two hosts share a public IP or a subnet",
    ("leases", "conflicting_macs"),
    _public_ip,
)
NETWORK_RANGE = Check(
    "network-range",
    "no other software on this host uses the overlay's network",
    ("network_conflicts",),
    _network_range,
)
OFFLOADS = Check(
    "offloads",
    "received UDP packets have correct checksums",
    ("udp_counters", "underlay"),
    _offloads,
)
