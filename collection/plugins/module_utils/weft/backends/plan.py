# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a backend is given and what it asks for: the values between leases and the host."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Any, Protocol

from ..errors import WeftError
from ..kernel.firewall import OverlayTraffic
from ..kernel.state import HostState
from ..model.json_object import JsonValue
from ..model.lease import Lease
from ..model.network import Network


@dataclass(frozen=True, slots=True)
class Announcement:
    """What a host's lease tells the others of its backend; flannel's fields of the same name."""

    backend_type: str | None = None
    backend_data: JsonValue = None

    def stands_in(self, lease: Lease) -> bool:
        """Tell whether a lease says it already."""
        return (lease.backend_type, lease.backend_data) == (self.backend_type, self.backend_data)


class RefusedError(WeftError):
    """What the network asks for cannot be on this host; nothing of the host is to change."""


@dataclass(frozen=True, slots=True)
class Overlay:
    """One host's view of the network: its own lease, its peers', its underlay, its datapath.

    kernel_vxlan tells whether the kernel is to carry what both datapaths could. on_link holds the
    peers' public IPs that the interface reaches without a gateway. offloads are the userspace
    datapath's, each with its state, or None while it does not answer; those in offloads_disabled
    the operator has switched off. queues is how many of its device's are to be carried at once.
    """

    network: Network
    own: Lease
    peers: tuple[Lease, ...]
    interface: str
    address: IPv4Address
    interface_mtu: int
    kernel_vxlan: bool = False
    on_link: frozenset[IPv4Address] = frozenset()
    offloads: Mapping[str, str] | None = None
    offloads_disabled: tuple[str, ...] = ()
    queues: int = 1

    @property
    def underlay_mtu(self) -> int:
        """The bytes that a packet of the underlay may have: as published, but what fits."""
        return min(self.network.backend.mtu or self.interface_mtu, self.interface_mtu)

    def mtu_problems(self) -> list[str]:
        """Name an MTU of the network that the interface does not have."""
        published = self.network.backend.mtu
        if published is None or published <= self.interface_mtu:
            return []
        return [
            f"the network's MTU is {published} and that of {self.interface} {self.interface_mtu}, "
            "which this host uses: publish the lower one, or raise that of the interface"
        ]


@dataclass(frozen=True, slots=True)
class Plan:
    """The desired state of a host.

    announcement is what the own lease is to say, None while that is not known. datapath_table is
    what the userspace datapath is to carry, None where the kernel carries.
    problems are said in status and logs; the rest of the plan holds in spite of them.
    """

    state: HostState
    mtu: int
    traffic: OverlayTraffic
    announcement: Announcement | None = None
    datapath_table: dict[str, Any] | None = None
    problems: tuple[str, ...] = ()


class Backend(Protocol):
    """Turns leases into the desired state of a host; a pure function with a name."""

    def __call__(self, overlay: Overlay, masquerade: bool) -> Plan:
        """The plan of this host."""
