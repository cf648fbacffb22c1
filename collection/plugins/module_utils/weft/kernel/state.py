# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the kernel is to hold for the overlay, and what it holds, as values. No I/O."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv4Network

# rtm_protocol of weft's routes: free in iproute2's etc/rt_protos, above the reserved 0 to 4.
ROUTE_PROTOCOL = 87
# ifalias of the devices that carry the overlay: who made them.
DEVICE_ALIAS = "weft"


@dataclass(frozen=True, slots=True, order=True)
class Device:
    """An overlay device that is up and bears weft's alias, with its MTU in bytes."""

    name: str
    mtu: int


@dataclass(frozen=True, slots=True, order=True)
class VxlanDevice:
    """A VXLAN device (linux/if_link.h, IFLA_VXLAN_*); all but the MAC address is fixed.

    parent is the link that it sends by, local the source of what it sends, port the UDP port.
    """

    name: str
    vni: int
    parent: str
    local: IPv4Address
    port: int
    mac: str
    gbp: bool = False
    learning: bool = False


@dataclass(frozen=True, slots=True, order=True)
class MacAddress:
    """The MAC address of a device that stays as it is otherwise."""

    device: str
    mac: str


@dataclass(frozen=True, slots=True, order=True)
class Address:
    """An address of an overlay device."""

    device: str
    address: IPv4Interface


@dataclass(frozen=True, slots=True, order=True)
class Neighbour:
    """A permanent neighbour: who has that address on the device."""

    device: str
    address: IPv4Address
    mac: str


@dataclass(frozen=True, slots=True, order=True)
class FdbEntry:
    """A permanent entry of a VXLAN device's FDB: frames to that MAC go to that underlay address."""

    device: str
    mac: str
    destination: IPv4Address


@dataclass(frozen=True, slots=True)
class Route:
    """A route of the main table with weft's protocol number."""

    destination: IPv4Network
    device: str
    gateway: IPv4Address | None = None
    on_link: bool = False


@dataclass(frozen=True, slots=True)
class HostState:
    """What one host's kernel holds for the overlay.

    devices are those that are up, vxlan_devices those that exist.
    """

    devices: frozenset[Device] = frozenset()
    addresses: frozenset[Address] = frozenset()
    routes: frozenset[Route] = frozenset()
    vxlan_devices: frozenset[VxlanDevice] = frozenset()
    neighbours: frozenset[Neighbour] = frozenset()
    fdb: frozenset[FdbEntry] = frozenset()

    def __or__(self, other: HostState) -> HostState:
        """Return what holds all of both."""
        return HostState(
            self.devices | other.devices,
            self.addresses | other.addresses,
            self.routes | other.routes,
            self.vxlan_devices | other.vxlan_devices,
            self.neighbours | other.neighbours,
            self.fdb | other.fdb,
        )

    def without(self, device: str) -> HostState:
        """Return what is left when the device goes: all that hangs on it goes with it."""
        return HostState(
            frozenset(entry for entry in self.devices if entry.name != device),
            frozenset(entry for entry in self.addresses if entry.device != device),
            frozenset(entry for entry in self.routes if entry.device != device),
            frozenset(entry for entry in self.vxlan_devices if entry.name != device),
            frozenset(entry for entry in self.neighbours if entry.device != device),
            frozenset(entry for entry in self.fdb if entry.device != device),
        )
