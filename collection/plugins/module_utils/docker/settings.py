# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings of Docker's default bridge."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Interface, IPv4Network
from typing import TypeAlias

from ansible_collections.weft.overlay.plugins.module_utils.weft.docker.errors import BridgeError

MTU_MIN = 68
"""The smallest MTU of an IPv4 link, in bytes (RFC 791, section 3.2)."""
MTU_MAX = 65535
"""The largest IPv4 packet, in bytes (RFC 791, section 3.1)."""

Options: TypeAlias = dict[str, "str | int"]
"""Values by dockerd's option names, which are the same in daemon.json and on the command line."""


class SettingsError(BridgeError):
    """A bip or an MTU that dockerd or the kernel does not accept."""


@dataclass(frozen=True, slots=True)
class BridgeSettings:
    """The bridge's address with prefix length, and its MTU in bytes if it is set."""

    bip: IPv4Interface
    mtu: int | None = None

    def options(self) -> Options:
        """Return the settings by dockerd's option names, in the order to write them."""
        options: Options = {"bip": str(self.bip)}
        if self.mtu is not None:
            options["mtu"] = self.mtu
        return options


def parse_settings(
    bip: str, mtu: int | None = None, overlay_network: IPv4Network | None = None
) -> BridgeSettings:
    """Parse a bip such as ``100.96.1.1/24`` and check the MTU in bytes.

    Raises SettingsError if the bip is not the address of a host in a subnet, the subnet is outside
    ``overlay_network``, or the MTU is outside the bounds of IPv4.
    """
    try:
        interface = IPv4Interface(bip)
    except ValueError as error:
        raise SettingsError(
            f"bip {bip!r} is not an IPv4 address with a prefix length ({error}): "
            "write it as ADDRESS/LENGTH, such as 100.96.1.1/24"
        ) from error
    if "/" not in bip or interface.network.prefixlen > 30:
        raise SettingsError(
            f"bip {bip!r} has no subnet for containers: "
            "set a prefix length of at most 30, such as 100.96.1.1/24"
        )
    network = interface.network
    if interface.ip in (network.network_address, network.broadcast_address):
        raise SettingsError(
            f"bip {bip!r} is the network or broadcast address of {network}: "
            f"set an address inside it, such as {network[1]}/{network.prefixlen}"
        )
    if interface.is_loopback or interface.is_multicast or interface.is_unspecified:
        raise SettingsError(f"bip {bip!r} is not a unicast address: set one of the overlay")
    if overlay_network is not None and not network.subnet_of(overlay_network):
        raise SettingsError(
            f"bip {bip!r} is outside the overlay's network {overlay_network}: "
            "set an address of the subnet that is reserved for this host"
        )
    if mtu is not None and not MTU_MIN <= mtu <= MTU_MAX:
        raise SettingsError(f"mtu {mtu} is outside {MTU_MIN}..{MTU_MAX} bytes")
    return BridgeSettings(interface, mtu)


def parse_overlay_network(text: str) -> IPv4Network:
    """Parse the overlay's network, such as ``100.96.0.0/16``. Raises SettingsError."""
    try:
        return IPv4Network(text)
    except ValueError as error:
        raise SettingsError(
            f"overlay_network {text!r} is not an IPv4 network ({error}): "
            "write it as ADDRESS/LENGTH, such as 100.96.0.0/16"
        ) from error
