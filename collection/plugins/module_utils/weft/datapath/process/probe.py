# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which coalesced writes the kernel's TUN driver accepts, found out on a temporary device.

Kernels differ: a GSO packet with a shorter last segment is EINVAL from 6.1.103, 6.6.44 and 6.10.3
on until 89add40066f9; USO needs 6.2. So GSO packets are written to the driver. Their TTL of 0 keeps
them from going anywhere.
"""

from __future__ import annotations

import fcntl
import os
import socket
import struct

from ..offloads import Offload, Offloads
from ..sockets.tun import IFF_NO_PI, IFF_TUN, IFF_VNET_HDR, PATH, TUNSETIFF
from ..wire import ipv4, layer4, virtio_net
from ..wire.checksum import complete_field, partial_field, word_sum
from ..wire.layer4 import ACK, PROTOCOL_TCP, PROTOCOL_UDP
from ..wire.virtio_net import NetHeader

_IFREQ = struct.Struct("16sH22x")
SIOCSIFFLAGS = 0x8914  # linux/sockios.h
IFF_UP = 0x1  # linux/if.h

_SEGMENT = 100
_TAIL = 1
_LOOPBACK = 0x7F000001


def probe_device(offloads: Offloads) -> None:
    """Disable the coalescing offloads that the driver refuses.

    If no device can be created, none is disabled: the first write that fails does it.
    """
    try:
        device = _open_temporary()
    except OSError:
        return
    try:
        for offload, packet in (
            (Offload.COALESCE_TCP, gso_packet(PROTOCOL_TCP)),
            (Offload.COALESCE_UDP, gso_packet(PROTOCOL_UDP)),
        ):
            try:
                os.write(device, packet)
            except OSError as error:
                offloads.refuse(offload, error)
    finally:
        os.close(device)


def gso_packet(protocol: int, **changes: int) -> bytes:
    """Return a GSO packet of three segments, the last shorter, behind its virtio-net header.

    `changes` replace fields of that header.
    """
    size = {
        PROTOCOL_TCP: layer4.TCP_HEADER_LENGTH,
        PROTOCOL_UDP: layer4.UDP_HEADER_LENGTH,
    }[protocol]
    payload = bytes(2 * _SEGMENT + _TAIL)
    total = ipv4.HEADER_LENGTH + size + len(payload)
    header = bytearray(
        ipv4.HEADER.pack(
            *(ipv4.VERSION_4_NO_OPTIONS, 0, total, 0, ipv4.DONT_FRAGMENT),
            *(0, protocol, 0, _LOOPBACK, _LOOPBACK),
        )
    )
    struct.pack_into("!H", header, ipv4.CHECKSUM, complete_field(word_sum(header)))
    transport = bytearray(size)
    if protocol == PROTOCOL_TCP:
        transport[layer4.TCP_DATA_OFFSET] = size // 4 << 4
        transport[layer4.TCP_FLAGS] = ACK
    else:
        struct.pack_into("!H", transport, layer4.UDP_LENGTH, size + len(payload))
    pseudo = word_sum(header[ipv4.SOURCE :]) + protocol + size + len(payload)
    offset = layer4.CHECKSUM_OFFSETS[protocol]
    struct.pack_into("!H", transport, offset, partial_field(pseudo))
    gso_type = virtio_net.GSO_TCPV4 if protocol == PROTOCOL_TCP else virtio_net.GSO_UDP_L4
    net_header = NetHeader(
        virtio_net.FLAG_NEEDS_CSUM,
        gso_type,
        ipv4.HEADER_LENGTH + size,
        _SEGMENT,
        ipv4.HEADER_LENGTH,
        offset,
    )._replace(**changes)
    return virtio_net.push(net_header) + header + transport + payload


def _open_temporary() -> int:
    """Open a device that is deleted when its descriptor is closed, and set it up.

    Raises OSError.
    """
    device = os.open(PATH, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        request = _IFREQ.pack(b"weft-probe%d", IFF_TUN | IFF_NO_PI | IFF_VNET_HDR)
        made = fcntl.ioctl(device, TUNSETIFF, request)
        name, _flags = _IFREQ.unpack(made)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
            fcntl.ioctl(control, SIOCSIFFLAGS, _IFREQ.pack(name, IFF_UP))
    except OSError:
        os.close(device)
        raise
    return device
