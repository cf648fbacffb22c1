# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packets whose checksum or segmentation a peer's kernel left unfinished, for ours to finish.

Between hosts on one machine, the kernel's VXLAN device passes a packet on before segmentation and
checksum, as one datagram of up to 64 KiB whose transport checksum is the pseudo-header's sum only.
A socket does not see the metadata for this, so the checksum field itself is compared
(`layer4.is_partial`). A correct complete checksum that has that value by chance is recomputed to
the same value. A wrong one, 1 in 65,536, cannot be distinguished from a partial one; hosts of weft
do not send those to each other (`layer4.is_hidden_error`).

A partial checksum is accepted from any peer. A weft host with the udp backend sends one if our
lease announces that we finish it. The sender's lease is no condition: the order in which two hosts
see each other's changed lease does not matter then.

The segment size of a UDP packet is received as that of a UDP_GRO batch, although the outer datagram
is a single one. That of a TCP packet is lost. TCP may be segmented at any size, so the MTU of
the device gives it, as it did for the sender if both devices have the same MTU.
"""

from __future__ import annotations

from collections.abc import Iterator

from . import ipv4, layer4, virtio_net
from .layer4 import CWR, PROTOCOL_TCP
from .segmentation import complete, gso_layout, stamp
from .virtio_net import NetHeader


def is_single_packet(datagram: memoryview, inner: int, length: int) -> bool:
    """Return whether a UDP_GRO batch is in fact one packet, with its IPv4 header at `inner`."""
    at = inner + ipv4.TOTAL_LENGTH
    return length >= at + 2 and datagram[at] << 8 | datagram[at + 1] == length - inner


def finishing_header(packet: memoryview, length: int, mtu: int, size: int) -> NetHeader | None:
    """Return the virtio-net header by which our kernel finishes `packet`; None if it is finished.

    `packet` is valid. `mtu` is that of the device and `size` the payload of its UDP segments, 0 if
    it has none, both in bytes.
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
    gso = header._replace(gso_type=gso_type, gso_size=size)
    # Contradictory headers cannot be segmented; the kernel drops such a packet for its checksum.
    return header if gso_layout(gso, packet, length) is None else gso


def finished_segments(
    header: NetHeader, packet: memoryview, length: int
) -> Iterator[tuple[bytes, memoryview]]:
    """Yield the headers and the payload of each segment, with complete checksums.

    `header` is that of `finishing_header` for the packet.
    """
    layout = gso_layout(header, packet, length)
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
