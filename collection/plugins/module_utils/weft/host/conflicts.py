# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses of the host that stand in the overlay's way, such as Docker's own networks. No I/O.

A network that is connected hides the subnet of a peer from this host, whatever routes say.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from ipaddress import IPv4Address, IPv4Interface, IPv4Network

from ..kernel.links import Links
from ..kernel.state import DEVICE_ALIAS
from ..model.lease import Lease


def shared_addresses(leases: Collection[Lease]) -> list[str]:
    """Name public IPs that hold several subnets, as when two hosts give the same one."""
    held: dict[IPv4Address, list[str]] = {}
    for lease in leases:
        held.setdefault(lease.public_ip, []).append(str(lease.subnet))
    return [
        f"{public_ip} holds {' and '.join(subnets)}: give each host a public_ip of its own, or "
        "remove the lease that no host uses"
        for public_ip, subnets in held.items()
        if len(subnets) > 1
    ]


def connected_overlaps(
    links: Links,
    devices: Collection[str],
    network: IPv4Network,
    own: Lease,
    peers: Collection[Lease],
) -> list[str]:
    """Name the connected networks that overlap with a lease, apart from the own lease's bridge.

    devices are those of the overlay, beside what bears weft's alias. A bridge in a peer's subnet is
    named: it is where this host's was when its lease was another.
    """
    return [
        f"{name} has the address {interface}, which overlaps with {lease.subnet}, the subnet of "
        f"{lease.public_ip}: give that network, one of Docker's perhaps, other addresses (site.yml "
        "does, where it is Docker's bridge)"
        for name, interface in _inside(links, devices, network)
        for lease in (own, *peers)
        if lease.subnet.overlaps(interface.network) and str(interface) != own.bip
    ]


def _inside(
    links: Links, devices: Collection[str], network: IPv4Network
) -> Iterator[tuple[str, IPv4Interface]]:
    for link in links.links:
        for entry in link.addresses:
            own = link.name in devices or link.alias == DEVICE_ALIAS
            if not own and entry.interface.network.overlaps(network):
                yield link.name, entry.interface
