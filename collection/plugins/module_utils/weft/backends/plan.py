# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a backend is given and what it asks for: the values between leases and the host."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Any, Protocol

from ..kernel.firewall import OverlayTraffic
from ..kernel.state import HostState
from ..lease import Lease
from ..network import Network


@dataclass(frozen=True, slots=True)
class Overlay:
    """One host's view of the network: its own lease, its peers', and its underlay."""

    network: Network
    own: Lease
    peers: tuple[Lease, ...]
    interface: str
    address: IPv4Address
    interface_mtu: int


@dataclass(frozen=True, slots=True)
class Plan:
    """The desired state of a host.

    datapath_table is what the userspace datapath is to carry, None where the kernel carries.
    problems are said in status and logs; the rest of the plan holds in spite of them.
    """

    state: HostState
    mtu: int
    traffic: OverlayTraffic
    datapath_table: dict[str, Any] | None = None
    problems: tuple[str, ...] = ()


class Backend(Protocol):
    """Turns leases into the desired state of a host; a pure function with a name."""

    def __call__(self, overlay: Overlay, masquerade: bool) -> Plan:
        """The plan of this host."""
