# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of dockerd that must match the subnet of its bridge.

With `bip` in another subnet than `fixed-cidr` or `default-gateway`, dockerd does not start (moby,
daemon_unix.go, initBridgeDriver). Address pools in the overlay's network would give networks of
Compose projects the addresses of other hosts' containers.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from ipaddress import IPv4Address, IPv4Interface, IPv4Network

from ansible_collections.weft.overlay.plugins.module_utils.weft.docker.conflicts import (
    ADDRESS_POOLS,
    ConflictError,
    Given,
)

from .settings import BridgeSettings


def refuse_other_subnets(
    wanted: BridgeSettings,
    given: Sequence[Given],
    *,
    overlay_network: IPv4Network | None,
    bridge_addresses: Collection[IPv4Interface],
) -> None:
    """Raise ConflictError for each option that does not match the wanted subnet of the bridge.

    ``bridge_addresses`` are the present ones: dockerd cannot publish ports at one that goes.
    """
    subnet = wanted.bip.network
    overlay = overlay_network or subnet
    leaving = {address.ip for address in bridge_addresses if address != wanted.bip}
    reasons = []
    for entry in given:
        text = entry.value
        match entry.option:
            case "fixed-cidr" | "default-gateway" if not _is_within(text, subnet):
                reasons.append(f"{entry} is outside the bridge's subnet {subnet}")
            case "ip" if _address(text) in leaving:
                reasons.append(f"{entry} is the present address of the bridge, which changes")
            case option if option == ADDRESS_POOLS and _overlaps(_pool_base(text), overlay):
                reasons.append(f"{entry} overlaps the overlay's network {overlay}")
    if reasons:
        raise ConflictError(
            f"options of dockerd do not match the bridge address {wanted.bip}: "
            + "; ".join(reasons)
            + ": remove or correct these options, then run the play again. Nothing was changed"
        )


def _is_within(text: str, subnet: IPv4Network) -> bool:
    """Return whether an address or a network is in the subnet; dockerd checks an invalid one."""
    try:
        return IPv4Network(text, strict=False).subnet_of(subnet)
    except ValueError:
        return True


def _address(text: str) -> IPv4Address | None:
    try:
        return IPv4Address(text)
    except ValueError:
        return None


def _pool_base(text: str) -> str:
    """Return the base of a pool such as `base=10.0.0.0/8,size=24`."""
    return dict(part.partition("=")[::2] for part in text.split(",")).get("base", "")


def _overlaps(text: str, network: IPv4Network) -> bool:
    try:
        return IPv4Network(text, strict=False).overlaps(network)
    except ValueError:
        return False
