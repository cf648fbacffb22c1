# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the device to the peers: packets of one size to one peer leave as a train, by one send.

A packet is read right behind the one before (`plain_train`), so that a train already lies in
memory as the kernel wants it for UDP_SEGMENT: datagrams of one size, the last perhaps shorter. A
TCP or UDP super-packet is a train of itself (`supers`). Nothing waits: what is read in a wake
leaves in it, and where the last wake brought a single packet, this one's first leaves before the
next is asked for.
"""

from __future__ import annotations

from .counters import Counters, Drop
from .forwarding import Forwarding, Route
from .gso_send import Outbound
from .offloads import Offload, Offloads
from .plain_train import PlainTrain
from .policy import egress
from .reporter import Reporter
from .segmenter import PACKET_MAX, Room, Supers
from .sockets.packet_io import BURST, BURST_BYTES, SEGMENTS_MAX, DeviceLostError, PacketIO
from .wire import layer4, virtio_net
from .wire.virtio_net import NetHeader


class Sender:
    """Carries packets by `forwarding`."""

    __slots__ = (
        "_alone",
        "_counters",
        "_io",
        "_left",
        "_net_header",
        "_net_header_view",
        "_offloads",
        "_reporter",
        "_rooms",
        "_supers",
        "_train",
        "forwarding",
    )

    def __init__(
        self,
        forwarding: Forwarding,
        io: PacketIO,
        counters: Counters,
        reporter: Reporter,
        offloads: Offloads,
    ) -> None:
        self.forwarding = forwarding
        self._io = io
        self._counters = counters
        self._reporter = reporter
        self._offloads = offloads
        outbound = Outbound(forwarding.ip, io, counters, reporter, offloads)
        self._train = PlainTrain(forwarding.ip, outbound)
        self._supers = Supers(forwarding.ip, outbound, counters)
        # The one at hand, and the one that may hold what is left of a super-packet.
        self._rooms = [Room(memoryview(bytearray(2 * PACKET_MAX))) for _half in range(2)]
        self._left = False
        self._net_header = bytearray(virtio_net.LENGTH)
        self._net_header_view = memoryview(self._net_header)
        # Whether the last wake brought no more than one packet.
        self._alone = False

    def drain(self) -> None:
        """Send what the device holds to the peers; raise DeviceLostError if it is gone."""
        train = self._train
        longest = SEGMENTS_MAX if self._offloads.active(Offload.UDP_GSO) else 1
        train.begin(self._rooms[0].packet, longest)
        packets = spent = 0
        try:
            while packets < BURST and spent <= BURST_BYTES:
                spent += self._carry(train, longest)
                packets += 1
                if self._alone:
                    train.flush()
                    self._alone = False
        except BlockingIOError:
            pass
        except OSError as error:
            raise DeviceLostError(error.strerror) from error
        finally:
            self._supers.flush()
            self._left = False
            train.flush()
        self._alone = packets <= 1

    def _carry(self, train: PlainTrain, longest: int) -> int:
        """Read a packet, lay it to its train, and return its length. Raises OSError by the read."""
        packet = train.space()
        length = self._io.read([self._net_header_view, packet]) - virtio_net.LENGTH
        route = egress(packet, length, self.forwarding)
        if isinstance(route, Drop):
            self._reporter.refuse(packet[:length], route)
            return length
        if self._net_header != virtio_net.PLAIN:
            header = virtio_net.pull(self._net_header)
            if header.gso_type:
                self._cut(packet, length, header, route)
                train.begin(self._rooms[0].packet, longest)
                return length
            self._settle_checksum(packet, length, header, route)
        elif route.peer.partial_checksum and layer4.is_laundered(packet, length):
            self._counters.drops[Drop.WRONG_CHECKSUM] += 1
            return length
        if self._left:
            self._supers.flush()
            self._left = False
        train.append(length, route)
        return length

    def _cut(self, packet: memoryview, length: int, header: NetHeader, route: Route) -> None:
        """Send a super-packet; what is left of it keeps its room until the next one came."""
        room, ip = self._rooms[0], self.forwarding.ip
        if self._train.flush():
            room.packet[ip : ip + length] = packet[:length]
        self._left = self._supers.send(header, room, length, route)
        if self._left:
            self._rooms.reverse()

    def _settle_checksum(
        self, packet: memoryview, length: int, header: NetHeader, route: Route
    ) -> None:
        """Finish the checksum that the kernel left partial, unless the peer does it."""
        if not header.flags & virtio_net.FLAG_NEEDS_CSUM:
            return  # complete, and verified by a network card (VIRTIO_NET_HDR_F_DATA_VALID)
        start, offset = header.csum_start, header.csum_offset
        if start + offset + 2 > length:
            return
        if route.partial and layer4.checksum_position(packet, length) == start + offset:
            return
        layer4.finish_checksum(packet, start, offset, length)
