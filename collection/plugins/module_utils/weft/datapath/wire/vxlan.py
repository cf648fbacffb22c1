# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The VXLAN header and the inner Ethernet header, as flannel's vxlan devices write them.

    flags (1)  reserved (3)  VNI (3)  reserved (1)    RFC 7348, 5
    destination (6)  source (6)  EtherType (2)        IEEE 802.3

A TUN device has no Ethernet headers, so the inner one is made here: from the MAC address of our
VTEP to that of the peer's VTEP (VtepMAC in its lease). No frame is flooded, so there is no ARP.
"""

from __future__ import annotations

import re
import struct

from ...errors import WeftError

HEADER_LENGTH = 8
ETHERNET_LENGTH = 14
LENGTH = HEADER_LENGTH + ETHERNET_LENGTH

FLAG_VNI = 0x08  # "I": the VNI is valid
VNI_MAX = 2**24 - 1
ETHERTYPE_IPV4 = 0x0800

# Flags, VNI and the reserved byte behind it; destination, source, EtherType.
HEADERS = struct.Struct("!B3xI6s6sH")
RESERVED_BITS = 8
_MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}", re.IGNORECASE)
_GROUP = 0x01  # in the first byte: a multicast or broadcast address


class MacError(WeftError, ValueError):
    """A text is no unicast MAC address; the message has the text and the reason."""


def parse_mac(text: str) -> bytes:
    """Return the six bytes of an address such as 02:77:0a:00:00:01. Raises MacError."""
    if not _MAC.fullmatch(text):
        raise MacError(f"{text!r} is not a MAC address such as 02:77:0a:00:00:01")
    mac = bytes.fromhex(text.replace(":", ""))
    if mac[0] & _GROUP or not any(mac):
        raise MacError(f"{text!r} is not a unicast MAC address")
    return mac


def push(vni: int, destination: bytes, source: bytes) -> bytes:
    """Return the LENGTH bytes that go in front of an IPv4 packet."""
    return HEADERS.pack(FLAG_VNI, vni << RESERVED_BITS, destination, source, ETHERTYPE_IPV4)
