# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands between the UDP header and the inner IPv4 packet, as a value that the engine asks.

The engine knows only that there are `length` bytes: it puts those of the peer before every packet
that it sends, and asks about those of a packet that came.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from .counters import Drop
from .table import ForwardingTable, Peer
from .wire import vxlan


class Encapsulation(Protocol):
    """The wire format of a backend."""

    @property
    def length(self) -> int:
        """How many bytes stand in front of the inner packet."""

    @property
    def from_any_port(self) -> bool:
        """Whether peers send from ports other than the one that they listen on."""

    def prefix(self, peer: Peer) -> bytes:
        """Return the bytes in front of every packet to `peer`."""

    def flaw(self, datagram: memoryview) -> Drop | None:
        """Return why the bytes in front of an inner packet refuse it, or None."""


@dataclass(frozen=True, slots=True)
class Bare:
    """The udp backend: nothing is in front (flannel: pkg/backend/udp/proxy_amd64.c)."""

    length: int = 0
    from_any_port: bool = False

    def prefix(self, _peer: Peer) -> bytes:
        """Return nothing."""
        return b""

    def flaw(self, _datagram: memoryview) -> Drop | None:
        """Return None: what is not there is not wrong."""
        return None


@dataclass(frozen=True, slots=True)
class Vxlan:
    """The vxlan backend, `mac` being our tunnel end's address.

    A kernel's device sends from a port that it makes of the inner flow, for routers to spread flows
    by (RFC 7348, 5); and to a host on the same machine it hands packets over as they are, their
    checksums not yet finished.
    """

    vni: int
    mac: bytes
    length: int = vxlan.LENGTH
    from_any_port: bool = True

    def prefix(self, peer: Peer) -> bytes:
        """Return the VXLAN header and the inner Ethernet header."""
        return vxlan.push(self.vni, vxlan.parse_mac(peer.vtep_mac), self.mac)

    def flaw(self, datagram: memoryview) -> Drop | None:
        """Return why the datagram holds nothing for us, or None."""
        return vxlan.flaw(datagram, self.vni, self.mac)


def encapsulation_of(table: ForwardingTable) -> Encapsulation:
    """Return the encapsulation that `table` asks for."""
    if table.vtep is None:
        return Bare()
    return Vxlan(table.vtep.vni, vxlan.parse_mac(table.vtep.mac))
