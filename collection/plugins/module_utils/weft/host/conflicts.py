# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Conflicts of leases with each other, and with connected networks of the host. No I/O.

A connected network hides the subnet of a peer from this host, regardless of routes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from ipaddress import IPv4Address, IPv4Interface, IPv4Network

from ..kernel.links import Links
from ..kernel.state import DEVICE_ALIAS
from ..model.lease import Lease


def shared_public_ips(leases: Collection[Lease]) -> list[str]:
    """Return a problem for each public IP with several leases, such as that of two hosts."""
    subnets_of: dict[IPv4Address, list[str]] = {}
    for lease in leases:
        subnets_of.setdefault(lease.public_ip, []).append(str(lease.subnet))
    return [
        f"{public_ip} holds {' and '.join(subnets)}: set a different public_ip on each host, or "
        "remove the unused lease"
        for public_ip, subnets in subnets_of.items()
        if len(subnets) > 1
    ]


def overlapping_networks(
    links: Links,
    devices: Collection[str],
    network: IPv4Network,
    own: Lease,
    peers: Collection[Lease],
) -> list[str]:
    """Return a problem for each connected network that overlaps with a lease.

    Ignored are the bridge of the own lease, the overlay's devices and those with weft's alias. A
    bridge in a peer's subnet is a problem: that of an earlier lease of this host, for example.
    """
    return [
        f"{name} has the address {interface}, which overlaps with {lease.subnet}, the subnet of "
        f"{lease.public_ip}: change the addresses of that network, such as a Docker network "
        "(site.yml changes those of Docker's bridge)"
        for name, interface in _addresses_within(links, devices, network)
        for lease in (own, *peers)
        if lease.subnet.overlaps(interface.network) and str(interface) != own.bip
    ]


def _addresses_within(
    links: Links, devices: Collection[str], network: IPv4Network
) -> Iterator[tuple[str, IPv4Interface]]:
    for link in links.links:
        for entry in link.addresses:
            own = link.name in devices or link.alias == DEVICE_ALIAS
            if not own and entry.interface.network.overlaps(network):
                yield link.name, entry.interface
