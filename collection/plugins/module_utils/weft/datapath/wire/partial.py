# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A packet that a peer's kernel left unfinished: our kernel is told what is still to be done.

Between hosts on one machine a kernel's VXLAN device hands a packet over before it is cut and
summed, since no wire needs it: as one datagram of up to 64 KiB whose transport checksum holds the
pseudo-header's sum only. Metadata would say so, but a socket cannot see it; so the field itself is
asked (`layer4.is_partial`). A complete checksum that is right and has that value by chance is only
computed again; one that is wrong and has it, 1 in 65,536 wrong ones, cannot be told from a partial
one. Hosts of weft do not send those to each other (`layer4.is_laundered`).

Any peer may leave a checksum partial. One of weft does so with the udp backend where our lease
announces that it may; whether we have heard of that peer's lease is no condition, so that it does
not matter who hears first, or of a withdrawal last.

Of UDP, the size of the segments comes as that of a UDP_GRO train, which this is not: the datagram
around it is one. Of TCP it is lost; but TCP may be cut anywhere that fits, so it is cut by the
device's MTU, as its sender would have where both ends have the same.
"""

from __future__ import annotations

from collections.abc import Iterator

from . import ipv4, layer4, virtio_net
from .layer4 import CWR, PROTOCOL_TCP
from .segmentation import complete, stamp, super_layout
from .virtio_net import NetHeader


def is_one_packet(datagram: memoryview, ip: int, length: int) -> bool:
    """Return whether what came as a train is one packet, whose IPv4 header is at `ip`."""
    at = ip + ipv4.TOTAL_LENGTH
    return length >= at + 2 and datagram[at] << 8 | datagram[at + 1] == length - ip


def left_to_do(packet: memoryview, length: int, mtu: int, size: int) -> NetHeader | None:
    """Return what the kernel is to do with a valid packet whose checksum may be partial, if it is.

    `mtu` is that of the device and `size` the payload of the segments of UDP, 0 where it is not a
    train, both in bytes.
    """
    if not layer4.is_partial(packet, length):
        return None
    start, protocol = ipv4.header_length(packet), packet[ipv4.PROTOCOL]
    offset = layer4.CHECKSUM_OFFSETS[protocol]
    header = NetHeader(virtio_net.FLAG_NEEDS_CSUM, csum_start=start, csum_offset=offset)
    gso_type = virtio_net.GSO_UDP_L4
    if protocol == PROTOCOL_TCP:
        gso_type = virtio_net.GSO_TCPV4
        if packet[start + layer4.TCP_FLAGS] & CWR:
            gso_type |= virtio_net.GSO_ECN
        headers = start + (packet[start + layer4.TCP_DATA_OFFSET] >> 4) * 4
        size = mtu - headers if length > mtu else 0
    if size <= 0:
        return header
    train = header._replace(gso_type=gso_type, gso_size=size)
    # What cannot be cut is a header that lies; the kernel drops it for its checksum.
    return header if super_layout(train, packet, length) is None else train


def cut(header: NetHeader, packet: memoryview, length: int) -> Iterator[tuple[bytes, memoryview]]:
    """Yield the segments of a train of `left_to_do`, finished: each one's headers and payload."""
    layout = super_layout(header, packet, length)
    if layout is None:
        return
    start, size = layout.payload, header.gso_size
    payload = packet[start:length]
    count = -(-len(payload) // size)
    last = len(payload) - (count - 1) * size
    block = stamp(bytes(packet[:start]), layout, count, size, last)
    complete(block, layout, payload, size)
    for index in range(count):
        headers = bytes(block[index * start : (index + 1) * start])
        yield headers, payload[index * size : (index + 1) * size]
