# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A packet that a peer's kernel left unfinished: our kernel is told what is still to be done.

Between hosts on one machine a kernel's VXLAN device hands a packet over before it is cut and
summed, since no wire needs it: as one datagram of up to 64 KiB, without a mark of UDP_GRO, whose
transport checksum holds the pseudo-header's sum only. Metadata would say so, but a socket cannot
see it; so the field itself is asked (`layer4.is_partial`). A complete checksum that is right and
has that value by chance is only computed again; one that is wrong and has it, 1 in 65,536 wrong
ones, cannot be told from a partial one. Peers that are weft's do not send those where they
announce partial checksums (`layer4.is_laundered`).

The segment size is lost too. TCP may be cut anywhere that fits, so it is that which the device's
MTU takes, as it was for the sender if both have the same MTU. UDP must be cut where it was joined,
and nobody can know where.
"""

from __future__ import annotations

from . import ipv4, layer4, virtio_net
from .layer4 import CWR, PROTOCOL_TCP
from .virtio_net import PLAIN, NetHeader


def header_of_partial(packet: memoryview, length: int, mtu: int) -> bytes | None:
    """Return the virtio-net header for a valid packet whose checksum may be partial.

    None means that it cannot be delivered as what it was: a UDP train longer than `mtu`, in bytes.
    """
    if not layer4.is_partial(packet, length):
        return PLAIN
    start, protocol = ipv4.header_length(packet), packet[ipv4.PROTOCOL]
    offset = layer4.CHECKSUM_OFFSETS[protocol]
    if length <= mtu:
        header = NetHeader(virtio_net.FLAG_NEEDS_CSUM, csum_start=start, csum_offset=offset)
        return virtio_net.push(header)
    if protocol != PROTOCOL_TCP:
        return None
    payload = start + (packet[start + layer4.TCP_DATA_OFFSET] >> 4) * 4
    gso_type = virtio_net.GSO_TCPV4
    if packet[start + layer4.TCP_FLAGS] & CWR:
        gso_type |= virtio_net.GSO_ECN
    if payload < start + layer4.TCP_HEADER_LENGTH or payload >= mtu:
        return PLAIN  # a header that lies: the kernel drops it for its checksum
    return virtio_net.push(
        NetHeader(virtio_net.FLAG_NEEDS_CSUM, gso_type, payload, mtu - payload, start, offset)
    )
