# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The header that a TUN device with IFF_VNET_HDR puts before each packet, both ways.

It is `struct virtio_net_hdr` (linux/virtio_net.h), in the byte order of the host.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

HEADER = struct.Struct("=BBHHHH")
LENGTH = HEADER.size  # 10 bytes
# For a packet that needs no checksum and no segmentation.
PLAIN = bytes(LENGTH)

FLAG_NEEDS_CSUM = 1

GSO_NONE = 0
GSO_TCPV4 = 1
GSO_UDP_L4 = 5
# A flag beside the type: the first segment of the TCP packet has CWR (RFC 3168, 6.1.2).
GSO_ECN = 0x80


class NetHeader(NamedTuple):
    """The checksum and segmentation that a packet still needs; offsets in bytes from its IP header.

    `header_length` is a hint only: of a forwarded packet the kernel may give the length of the
    whole first segment.
    """

    flags: int = 0
    gso_type: int = GSO_NONE
    header_length: int = 0
    gso_size: int = 0
    csum_start: int = 0
    csum_offset: int = 0


def pull(buffer: bytes | bytearray | memoryview) -> NetHeader:
    """Return the header in the first LENGTH bytes of `buffer`."""
    return NetHeader._make(HEADER.unpack_from(buffer))


def push(header: NetHeader) -> bytes:
    """Return the bytes of `header`."""
    return HEADER.pack(*header)
