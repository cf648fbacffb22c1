# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the three backends of flannel's have in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Any, Protocol

from .links import Interface
from .store import Lease


@dataclass(frozen=True, slots=True)
class Place:
    """Where a backend carries; options are those of the network's `Backend`."""

    network: IPv4Network
    subnet: IPv4Network
    interface: Interface
    options: Mapping[str, Any]


class Backend(Protocol):
    """Lays what carries to the other hosts, and follows their leases."""

    @property
    def mtu(self) -> int:
        """The overlay's, in bytes."""

    @property
    def backend_type(self) -> str:
        """What the own lease names, empty for udp, whose lease names none."""

    @property
    def backend_data(self) -> dict[str, Any] | None:
        """What the own lease tells the others."""

    def follow(self, peers: Mapping[IPv4Network, Lease]) -> None:
        """Carry to these from now on, and to no others."""

    def carry(self, seconds: float) -> None:
        """Carry for so long, if it is not the kernel that does."""
