# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds other hosts on a link that use an address of this host, by ARP probes (RFC 5227, 2.1.1).

The sender address of a probe is zero, so it changes no ARP table of its receivers.
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
# RFC 826: types and lengths of the addresses, operation, sender, target.
_PACKET = struct.Struct("!HHBBH6s4s6s4s")
_HEADER = (_ETHERNET, _PROTOCOL_IPV4, 6, 4)
_BROADCAST = b"\xff" * 6
_NO_MAC = bytes(6)

_PROBES = 2
_REPLY_TIMEOUT = 0.3  # seconds


def conflicting_macs(device: str, address: IPv4Address) -> frozenset[str]:
    """Return the MAC addresses of other hosts on the device's link that claim the address.

    Takes 0.6 s. Empty for a device that is not Ethernet. Raises OSError, as without CAP_NET_RAW.
    """
    with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0) as link:
        link.bind((device, _PROTOCOL_ARP))
        _name, _protocol, _type, hardware, own = link.getsockname()
        if hardware != _ETHERNET:
            return frozenset()
        probe = _PACKET.pack(*_HEADER, _REQUEST, own, bytes(4), _NO_MAC, address.packed)
        macs: set[bytes] = set()
        for _probe in range(_PROBES):
            link.sendto(probe, (device, _PROTOCOL_ARP, 0, 0, _BROADCAST))
            received = _receive(link, _REPLY_TIMEOUT)
            macs.update(filter(None, (sender_mac(packet, address) for packet in received)))
    # Another card of this host on the same link also replies, unless arp_ignore forbids it.
    return frozenset(mac.hex(":") for mac in macs - set(_own_macs()))


def sender_mac(packet: bytes, address: IPv4Address) -> bytes | None:
    """Return the sender's MAC address if an ARP packet claims the address for it, else None.

    A reply and a request claim it; a probe has no sender address.
    """
    if len(packet) < _PACKET.size:
        return None
    *header, _operation, mac, sender, _target_mac, _target_ip = _PACKET.unpack_from(packet)
    if tuple(header) != _HEADER or sender != address.packed:
        return None
    return bytes(mac)


def _receive(link: socket.socket, seconds: float) -> Iterator[bytes]:
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        link.settimeout(left)
        with contextlib.suppress(TimeoutError):
            yield link.recv(_PACKET.size)


def _own_macs() -> Iterator[bytes]:
    for _index, name in socket.if_nameindex():
        # A device may be deleted meanwhile.
        with (
            contextlib.suppress(OSError),
            socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0) as card,
        ):
            card.bind((name, 0))
            yield card.getsockname()[4]
