# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hosts of the dynamic inventory, from the leases: names and variables. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.weft.overlay.plugins.module_utils.weft.model.lease import Lease
from ansible_collections.weft.overlay.plugins.module_utils.weft.model.network import Network

# The variables with the public IP of a host, the most reliable first.
_ADDRESS_VARIABLES = ("overlay_public_ip", "ansible_host")


def leased_hosts(leases: Iterable[Lease], network: Network) -> list[dict[str, Any]]:
    """Return the variables of each host with a lease in the network, in the order of subnets.

    If a host has several leases, the first one is used, as its agent does.
    """
    hosts: dict[str, dict[str, Any]] = {}
    for lease in leases:
        if lease.subnet.subnet_of(network.network):
            hosts.setdefault(str(lease.public_ip), _variables(lease, network))
    return list(hosts.values())


def _variables(lease: Lease, network: Network) -> dict[str, Any]:
    return {
        "weft_public_ip": str(lease.public_ip),
        "weft_subnet": str(lease.subnet),
        "weft_bip": lease.bip,
        "weft_network": str(network.network),
        # A udp lease has no backend type, and neither has a lease whose daemon has never run.
        "weft_backend": lease.backend_type or network.backend.type,
        "weft_backend_data": lease.backend_data,
        "weft_reservation": lease.is_reservation,
    }


def known_names(inventory: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Return the host name by public IP, from the variables of each host by its name.

    An address of two hosts is left out.
    """
    claims: dict[str, set[str]] = {}
    for name, variables in inventory.items():
        addresses = (variables[key] for key in _ADDRESS_VARIABLES if key in variables)
        claims.setdefault(str(next(addresses, name)), set()).add(name)
    return {address: names.pop() for address, names in claims.items() if len(names) == 1}
