# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The VXLAN header and the Ethernet header behind it, as flannel's vxlan devices fill them.

    flags (1)  reserved (3)  VNI (3)  reserved (1)    RFC 7348, 5
    destination (6)  source (6)  EtherType (2)        IEEE 802.3

A TUN device carries no Ethernet, so the inner header is made here: it goes from our tunnel end's
address to that of the peer's (the VtepMAC of its lease). No frame is ever flooded, so there is no
ARP, and a frame to any other address than ours is not for us.
"""

from __future__ import annotations

import re
import struct

from ...errors import WeftError
from ..counters import Drop
from .ipv4 import Packet

HEADER_LENGTH = 8
ETHERNET_LENGTH = 14
LENGTH = HEADER_LENGTH + ETHERNET_LENGTH

FLAG_VNI = 0x08  # "I": the VNI is valid
VNI_MAX = 2**24 - 1
ETHERTYPE_IPV4 = 0x0800

# Flags, VNI with the reserved byte below it; destination, source, EtherType.
_HEADERS = struct.Struct("!B3xI6s6sH")
_RESERVED_BITS = 8
_MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}", re.IGNORECASE)
_GROUP = 0x01  # in the first byte: not one station's address


class MacError(WeftError, ValueError):
    """A text is not the address of one station; the message says why."""


def parse_mac(text: str) -> bytes:
    """Return the six bytes of an address such as 02:77:0a:00:00:01. Raises MacError."""
    if not _MAC.fullmatch(text):
        raise MacError(f"{text!r} is not a MAC address such as 02:77:0a:00:00:01")
    mac = bytes.fromhex(text.replace(":", ""))
    if mac[0] & _GROUP or not any(mac):
        raise MacError(f"{text!r} is no single station's MAC address")
    return mac


def push(vni: int, destination: bytes, source: bytes) -> bytes:
    """Return the LENGTH bytes that go in front of an IPv4 packet."""
    return _HEADERS.pack(FLAG_VNI, vni << _RESERVED_BITS, destination, source, ETHERTYPE_IPV4)


def flaw(datagram: Packet, vni: int, own: bytes) -> Drop | None:
    """Return why `datagram` holds no IPv4 packet for the tunnel end `own` in `vni`, if so.

    Reserved bits are ignored (RFC 7348, 5); flannel's option GBP sets some. The source address is
    not looked at: who sent the datagram is known by its outer address, and a host that has just
    got another MAC is the same host.
    """
    if len(datagram) < LENGTH:
        return Drop.TRUNCATED
    flags, number, destination, _source, ethertype = _HEADERS.unpack_from(datagram)
    if not flags & FLAG_VNI:
        return Drop.NO_VNI
    if number >> _RESERVED_BITS != vni:
        return Drop.OTHER_VNI
    # Before the address: an ARP request goes to all, and is no sign of a wrong one.
    if ethertype != ETHERTYPE_IPV4:
        return Drop.NOT_IPV4
    if destination != own:
        return Drop.INNER_MAC
    return None
