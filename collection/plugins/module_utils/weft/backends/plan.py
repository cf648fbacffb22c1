# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The input and the output of a backend: one host's overlay, and its desired state. No I/O."""

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
class LeaseData:
    """The fields `BackendType` and `BackendData` of a lease, as flannel names them."""

    backend_type: str | None = None
    backend_data: JsonValue = None

    def matches(self, lease: Lease) -> bool:
        """Return whether the lease has these values."""
        return (lease.backend_type, lease.backend_data) == (self.backend_type, self.backend_data)


class RefusedError(WeftError):
    """The host cannot run what the network requires; nothing on the host is changed."""


@dataclass(frozen=True, slots=True)
class Overlay:
    """The network as one host sees it: its own lease, its peers' leases and its underlay.

    kernel_vxlan: whether vxlan uses the kernel datapath. on_link: the peers' public IPs that the
    interface reaches without a gateway. offloads: the state of each offload of the userspace
    datapath, or None while it is unreachable. offloads_disabled: those that the operator disabled.
    queues: the number of queues of the userspace datapath's device. MTUs in bytes.
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
        """The MTU of the network, at most that of the interface, in bytes."""
        return min(self.network.backend.mtu or self.interface_mtu, self.interface_mtu)

    def mtu_problems(self) -> list[str]:
        """Return a problem if the MTU of the network is above that of the interface."""
        published = self.network.backend.mtu
        if published is None or published <= self.interface_mtu:
            return []
        return [
            f"the MTU of the network is {published}, but {self.interface} has "
            f"{self.interface_mtu}, which this host uses: publish the lower MTU, or raise that of "
            f"{self.interface}"
        ]


@dataclass(frozen=True, slots=True)
class Plan:
    """The desired state of a host; mtu in bytes.

    lease_data: what the own lease must contain, None while unknown. datapath_table: the table of
    the userspace datapath, None with the kernel datapath. problems: shown in status and logs; the
    rest of the plan applies in spite of them.
    """

    state: HostState
    mtu: int
    traffic: OverlayTraffic
    lease_data: LeaseData | None = None
    datapath_table: dict[str, Any] | None = None
    problems: tuple[str, ...] = ()


class Backend(Protocol):
    """Computes the desired state of a host from leases; a pure function."""

    def __call__(self, overlay: Overlay, masquerade: bool) -> Plan:
        """Return the plan of this host. Raises RefusedError."""


def public_ip_problem(peer: Lease) -> str | None:
    """Return a problem if the public IP of the lease cannot be the address of a host."""
    address = peer.public_ip
    if not (address.is_multicast or address.is_reserved or address.is_unspecified):
        return None
    return (
        f"the lease {peer.subnet} has the public IP {address}, which is not a host address: "
        "correct or remove that lease"
    )
