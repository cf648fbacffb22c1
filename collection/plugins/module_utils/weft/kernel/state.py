# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The desired or actual state of the kernel for the overlay, as values. No I/O."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv4Network

# rtm_protocol of weft's routes: free in iproute2's etc/rt_protos, above the reserved 0 to 4.
ROUTE_PROTOCOL = 87
# ifalias of the devices that weft manages.
DEVICE_ALIAS = "weft"


@dataclass(frozen=True, slots=True, order=True)
class Device:
    """An overlay device that is up and has weft's alias, with its MTU in bytes."""

    name: str
    mtu: int


@dataclass(frozen=True, slots=True, order=True)
class VxlanDevice:
    """A VXLAN device (linux/if_link.h, IFLA_VXLAN_*); only its MAC address can be changed.

    parent: the underlay link. local: the source address of the tunnel. port: the UDP port.
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
    """The MAC address of an existing device."""

    device: str
    mac: str


@dataclass(frozen=True, slots=True, order=True)
class Address:
    """An address of an overlay device."""

    device: str
    address: IPv4Interface


@dataclass(frozen=True, slots=True, order=True)
class Neighbour:
    """A permanent neighbour entry: the MAC address of an IPv4 address on a device."""

    device: str
    address: IPv4Address
    mac: str


@dataclass(frozen=True, slots=True, order=True)
class FdbEntry:
    """A permanent FDB entry of a VXLAN device: the underlay address for a MAC address."""

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
    """The state of one host's kernel for the overlay.

    devices: those that are up. vxlan_devices: those that exist.
    """

    devices: frozenset[Device] = frozenset()
    addresses: frozenset[Address] = frozenset()
    routes: frozenset[Route] = frozenset()
    vxlan_devices: frozenset[VxlanDevice] = frozenset()
    neighbours: frozenset[Neighbour] = frozenset()
    fdb: frozenset[FdbEntry] = frozenset()

    def __or__(self, other: HostState) -> HostState:
        """Return the union of both states."""
        return HostState(
            self.devices | other.devices,
            self.addresses | other.addresses,
            self.routes | other.routes,
            self.vxlan_devices | other.vxlan_devices,
            self.neighbours | other.neighbours,
            self.fdb | other.fdb,
        )

    def without(self, device: str) -> HostState:
        """Return the state without the device and everything that belongs to it."""
        return HostState(
            frozenset(entry for entry in self.devices if entry.name != device),
            frozenset(entry for entry in self.addresses if entry.device != device),
            frozenset(entry for entry in self.routes if entry.device != device),
            frozenset(entry for entry in self.vxlan_devices if entry.name != device),
            frozenset(entry for entry in self.neighbours if entry.device != device),
            frozenset(entry for entry in self.fdb if entry.device != device),
        )
