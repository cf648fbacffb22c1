# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The addresses that a path's two ends have inside it."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv4Network

# Each path has a /24 of its own, of which either host holds a half.
_NETWORKS = IPv4Network("100.96.0.0/16")


@dataclass(frozen=True, slots=True)
class End:
    """One host's side of an overlay."""

    subnet: IPv4Network
    network: IPv4Network

    @property
    def address(self) -> IPv4Address:
        """The address of the overlay's device."""
        return self.subnet[1]

    @property
    def interface(self) -> IPv4Interface:
        """The address with the prefix length of the whole overlay."""
        return IPv4Interface((self.address, self.network.prefixlen))


@dataclass(frozen=True, slots=True)
class Overlay:
    """The network of one path, by the path's number in the run."""

    number: int

    @property
    def network(self) -> IPv4Network:
        """The whole network."""
        base = _NETWORKS.network_address + 256 * self.number
        return IPv4Network((base, 24))

    @property
    def ends(self) -> tuple[End, End]:
        """The left and the right end."""
        left, right = self.network.subnets(new_prefix=25)
        return End(left, self.network), End(right, self.network)

    @property
    def device(self) -> str:
        """The name of its device on both hosts."""
        return f"overlay{self.number}"

    @property
    def port(self) -> int:
        """Its UDP port on the underlay, on both hosts."""
        return 20000 + self.number
