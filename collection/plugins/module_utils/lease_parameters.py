# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts' addresses in parameters of modules, and leases in their return values."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from typing import Any

from ansible_collections.weft.overlay.plugins.module_utils.weft.model.allocation import (
    AllocationError,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.model.lease import (
    Lease,
    subnet_key,
)


def lease_result(prefix: str, lease: Lease) -> dict[str, Any]:
    """Return the fields of *lease* that every module returns."""
    return {
        "subnet": str(lease.subnet),
        "bip": lease.bip,
        "key": subnet_key(prefix, lease.subnet, lease.ipv6_subnet),
        "public_ip": str(lease.public_ip),
    }


def public_ip(text: str, owner: str) -> IPv4Address:
    """Return a public IP. Raises AllocationError that names the *owner*."""
    try:
        return IPv4Address(text)
    except ValueError as error:
        raise AllocationError(
            f"The public IP {text!r} of {owner} is not an IPv4 address: {error}; "
            "give the address by which the other hosts reach it."
        ) from error


def subnet(text: str, owner: str) -> IPv4Network:
    """Return a subnet. Raises AllocationError that names the *owner*."""
    try:
        return IPv4Network(text)
    except ValueError as error:
        raise AllocationError(
            f"The subnet {text!r} of {owner} is not an IPv4 network: {error}; "
            "write it as 100.96.1.0/24."
        ) from error


def subnet_around(text: str, owner: str) -> IPv4Network:
    """Return a subnet, or that of an address with prefix length. Raises AllocationError."""
    try:
        return IPv4Interface(text).network
    except ValueError as error:
        raise AllocationError(
            f"The previous subnet {text!r} of {owner} is not an IPv4 network: {error}; "
            "write it as 100.96.1.0/24."
        ) from error
