# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The file subnet.env in flannel's format (flannel: pkg/subnet/subnet.go, WriteSubnetFile)."""

from __future__ import annotations

from ipaddress import IPv4Network


def render_subnet_env(network: IPv4Network, bip: str, mtu: int, *, masquerade: bool) -> str:
    """Return the text of the file; mtu in bytes."""
    return (
        f"FLANNEL_NETWORK={network}\n"
        f"FLANNEL_SUBNET={bip}\n"
        f"FLANNEL_MTU={mtu}\n"
        f"FLANNEL_IPMASQ={str(masquerade).lower()}\n"
    )
