# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""subnet.env in flannel's form (flannel: pkg/subnet/subnet.go, WriteSubnetFile)."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Interface, IPv4Network


@dataclass(frozen=True, slots=True)
class SubnetEnvironment:
    """What the file tells other tools; mtu in bytes."""

    network: IPv4Network
    bip: IPv4Interface
    mtu: int
    masquerade: bool


def render(environment: SubnetEnvironment) -> str:
    """The file's text."""
    return (
        f"FLANNEL_NETWORK={environment.network}\n"
        f"FLANNEL_SUBNET={environment.bip}\n"
        f"FLANNEL_MTU={environment.mtu}\n"
        f"FLANNEL_IPMASQ={str(environment.masquerade).lower()}\n"
    )
