# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What weft sets on Docker's default bridge."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Interface, IPv4Network
from typing import TypeAlias

from ansible_collections.weft.overlay.plugins.module_utils.weft.docker.errors import BridgeError

MTU_MIN = 68
"""The least MTU of an IPv4 link, in bytes (RFC 791, section 3.2)."""
MTU_MAX = 65535
"""The largest IPv4 packet, in bytes (RFC 791, section 3.1)."""

Options: TypeAlias = dict[str, "str | int"]
"""Values by dockerd's own names, which daemon.json and the command line share."""


class SettingsError(BridgeError):
    """A bip or an MTU that dockerd or the kernel would not take."""


@dataclass(frozen=True, slots=True)
class BridgeSettings:
    """The address with prefix length of the bridge, and its MTU in bytes if it is set at all."""

    bip: IPv4Interface
    mtu: int | None = None

    def options(self) -> Options:
        """Return the settings by dockerd's names, in the order in which they are written."""
        options: Options = {"bip": str(self.bip)}
        if self.mtu is not None:
            options["mtu"] = self.mtu
        return options


def parse_settings(
    bip: str, mtu: int | None = None, overlay_network: IPv4Network | None = None
) -> BridgeSettings:
    """Check a bip such as ``100.96.1.1/24`` and an MTU in bytes.

    Raises SettingsError if the bip is not a host's address inside a subnet, and this inside the
    overlay's network if that is given, or if the MTU is outside what IPv4 allows.
    """
    try:
        interface = IPv4Interface(bip)
    except ValueError as error:
        raise SettingsError(
            f"bip {bip!r} is not an IPv4 address with a prefix length ({error}): "
            "give it as ADDRESS/LENGTH, such as 100.96.1.1/24"
        ) from error
    if "/" not in bip or interface.network.prefixlen > 30:
        raise SettingsError(
            f"bip {bip!r} leaves no subnet for containers: "
            "give a prefix length of at most 30, such as 100.96.1.1/24"
        )
    network = interface.network
    if interface.ip in (network.network_address, network.broadcast_address):
        raise SettingsError(
            f"bip {bip!r} is the network or broadcast address of {network}: "
            f"give an address inside it, such as {network[1]}/{network.prefixlen}"
        )
    if interface.is_loopback or interface.is_multicast or interface.is_unspecified:
        raise SettingsError(f"bip {bip!r} is not a unicast address: give one of the overlay's")
    if overlay_network is not None and not network.subnet_of(overlay_network):
        raise SettingsError(
            f"bip {bip!r} is outside the overlay's network {overlay_network}: "
            "give an address of the subnet that is reserved for this host"
        )
    if mtu is not None and not MTU_MIN <= mtu <= MTU_MAX:
        raise SettingsError(f"mtu {mtu} is outside {MTU_MIN}..{MTU_MAX}: give it in bytes")
    return BridgeSettings(interface, mtu)


def parse_overlay_network(text: str) -> IPv4Network:
    """Read the overlay's network, such as ``100.96.0.0/16``. Raises SettingsError."""
    try:
        return IPv4Network(text)
    except ValueError as error:
        raise SettingsError(
            f"overlay_network {text!r} is not an IPv4 network ({error}): "
            "give it as ADDRESS/LENGTH, such as 100.96.0.0/16"
        ) from error
