# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From leases to hosts of an inventory: their names and variables. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.weft.overlay.plugins.module_utils.weft.model.lease import Lease
from ansible_collections.weft.overlay.plugins.module_utils.weft.model.network import Network

# The variables of a host that tell its public IP, the surest one first.
_ADDRESS_VARIABLES = ("overlay_public_ip", "ansible_host")


def leased_hosts(leases: Iterable[Lease], network: Network) -> list[dict[str, Any]]:
    """The variables of each host that holds leases within the network, in the order of subnets.

    Of a host with several leases, the first counts, as for its agent.
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
        # With udp a lease does not name it, and before its daemon first ran none does.
        "weft_backend": lease.backend_type or network.backend.type,
        "weft_backend_data": lease.backend_data,
        "weft_reservation": lease.is_reservation,
    }


def known_names(inventory: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """The name of the host that has an address, from the variables of each host by its name.

    An address that two hosts claim names neither.
    """
    claims: dict[str, set[str]] = {}
    for name, variables in inventory.items():
        told = (variables[key] for key in _ADDRESS_VARIABLES if key in variables)
        claims.setdefault(str(next(told, name)), set()).add(name)
    return {address: names.pop() for address, names in claims.items() if len(names) == 1}
