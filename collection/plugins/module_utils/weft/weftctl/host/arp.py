# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who else on a link has an address of this host: an ARP probe (RFC 5227, 2.1.1).

A probe names no sender's address, so it changes no table of those that it reaches.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import time
from collections.abc import Iterator
from ipaddress import IPv4Address

# if_arp.h and if_ether.h of Linux.
_ETHERNET = 1
_PROTOCOL_ARP = 0x0806
_PROTOCOL_IPV4 = 0x0800
_REQUEST = 1
# RFC 826: the kinds and lengths of the addresses, the operation, then sender and target.
_PACKET = struct.Struct("!HHBBH6s4s6s4s")
_HEADER = (_ETHERNET, _PROTOCOL_IPV4, 6, 4)
_BROADCAST = b"\xff" * 6
_NOBODY = bytes(6)

_PROBES = 2
_WAIT = 0.3


def other_claimants(device: str, address: IPv4Address) -> frozenset[str]:
    """The hardware addresses of other hosts that say on the device's link that they have it.

    Takes 0.6 s. Empty for a device that is not Ethernet's. Raises OSError, as without CAP_NET_RAW.
    """
    with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0) as link:
        link.bind((device, _PROTOCOL_ARP))
        _name, _protocol, _kind, hardware, own = link.getsockname()
        if hardware != _ETHERNET:
            return frozenset()
        probe = _PACKET.pack(*_HEADER, _REQUEST, own, bytes(4), _NOBODY, address.packed)
        claimants: set[bytes] = set()
        for _probe in range(_PROBES):
            link.sendto(probe, (device, _PROTOCOL_ARP, 0, 0, _BROADCAST))
            claimants.update(
                filter(None, (claimant(packet, address) for packet in _heard(link, _WAIT)))
            )
    # Another card of this host on the same link answers, too, unless arp_ignore forbids it.
    return frozenset(mac.hex(":") for mac in claimants - set(_own_cards()))


def claimant(packet: bytes, address: IPv4Address) -> bytes | None:
    """The hardware address that an ARP packet says the address is at; None where it says another.

    A request says it of its sender, too, but a probe does not.
    """
    if len(packet) < _PACKET.size:
        return None
    *header, _operation, mac, sender, _target_mac, _target_ip = _PACKET.unpack_from(packet)
    if tuple(header) != _HEADER or sender != address.packed:
        return None
    return bytes(mac)


def _heard(link: socket.socket, seconds: float) -> Iterator[bytes]:
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        link.settimeout(left)
        with contextlib.suppress(TimeoutError):
            yield link.recv(_PACKET.size)


def _own_cards() -> Iterator[bytes]:
    for _index, name in socket.if_nameindex():
        # A device may go meanwhile.
        with (
            contextlib.suppress(OSError),
            socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0) as card,
        ):
            card.bind((name, 0))
            yield card.getsockname()[4]
