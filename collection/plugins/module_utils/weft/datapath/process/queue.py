# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One queue of the device and its UDP socket, with the packet path between them in both directions.

The loop calls `Egress.drain` when the device has packets, and `Ingress.drain` when a socket has.
"""

from __future__ import annotations

import errno
import logging
import socket
import time
from collections.abc import Callable, Mapping

from ..compiled_table import CompiledTable, Traffic
from ..egress import Egress
from ..ingress import Ingress
from ..offloads import Offload, Offloads
from ..policy import Drop
from ..sockets import tun, udp_socket
from ..sockets.packet_io import DeviceLostError, PacketIO, receive_of
from ..statistics import Counters, Statistics
from ..table import Endpoint, ForwardingTable, PeerKey
from ..token_bucket import TokenBucket
from ..wire.word_sums import VECTORISED
from .flood_filter import INTERVAL as FLOOD_INTERVAL
from .flood_filter import FloodFilter
from .loop import EventLoop
from .peer_queues import PeerQueues

_log = logging.getLogger(__name__)

# ICMP destination unreachable: a second over all queues, and at once by each. Linux limits its own
# to 1,000 and 50.
UNREACHABLE_RATE = 100.0
UNREACHABLE_BURST = 50


class Queue:
    """Forwards packets on `loop` until `stop`; calls `on_lost` if the device was deleted.

    The caller owns `device` and `transport`, and closes them after `stop`. The queue owns the
    peers' sockets: those of `peer_queues`, which another queue released, and those that it opens.
    """

    def __init__(
        self,
        loop: EventLoop,
        device: int,
        transport: socket.socket,
        table: ForwardingTable,
        offloads: Offloads,
        *,
        on_lost: Callable[[], None],
        peer_queues: Mapping[Endpoint, socket.socket] | None = None,
    ) -> None:
        self._loop = loop
        self._device = device
        self._transport = transport
        self._offloads = offloads
        self._on_lost = on_lost
        self._table = table
        self._flood_filter = FloodFilter(transport)
        self._peer_queues = PeerQueues(loop, transport, peer_queues or {})
        self._counters = Counters()
        self._traffic: dict[PeerKey, Traffic] = {}
        self._datagrams_lost_before = udp_socket.datagrams_lost(transport)
        self._unreachables = TokenBucket(
            UNREACHABLE_RATE / table.queues, UNREACHABLE_BURST, time.monotonic()
        )
        self.apply(table)
        loop.every(FLOOD_INTERVAL, self._every_interval)

    def apply(self, table: ForwardingTable) -> None:
        """Forward by `table` from now on; a peer that stays keeps its counters."""
        self._table = table
        self._flood_filter.apply(table)
        keys = [peer.key for peer in table.peers]
        self._traffic = {key: self._traffic.get(key) or Traffic() for key in keys}
        compiled = CompiledTable(table, lambda peer: self._traffic[peer.key])
        self._offloads.apply(table.offloads_disabled, compiled.any_partial_checksum, VECTORISED)
        self._set_offloads(compiled)
        io = PacketIO.of(
            self._device, self._transport, table.port if compiled.from_any_port else None
        )
        egress = Egress(compiled, io, self._counters, self._unreachables, self._offloads)
        ingress = Ingress(compiled, io, self._counters, self._offloads)

        def on_device(_events: int) -> None:
            try:
                egress.drain()
            except DeviceLostError as error:
                _log.warning("the device was deleted (%s); opening it again", error)
                self._on_lost()

        def on_transport(_events: int) -> None:
            ingress.drain()

        def on_peer_queue(queue: socket.socket) -> Callable[[int], None]:
            receive = receive_of(queue)
            return lambda _events: ingress.drain(receive)

        self._loop.watch(self._device, on_device)
        self._loop.watch(self._transport.fileno(), on_transport)
        # With several queues, the kernel itself spreads the peers over their sockets.
        has_peer_queues = table.queues == 1 and not compiled.from_any_port
        self._peer_queues.apply(
            compiled.senders if has_peer_queues else (),
            self._offloads.active(Offload.UDP_GRO),
            on_peer_queue,
        )

    def statistics(self) -> Statistics:
        """Return the statistics since this queue was opened."""
        self._counters.drops[Drop.RECEIVE_QUEUE_FULL] = self._datagrams_lost()
        return Statistics(self._counters, self._traffic, self._offloads.status())

    def release(self) -> tuple[Statistics, Mapping[Endpoint, socket.socket]]:
        """Stop, and return the last statistics and the peers' sockets, which the caller owns."""
        released = self._peer_queues.release()
        return self.stop(), released

    def stop(self) -> Statistics:
        """Stop forwarding; return the last statistics."""
        self._loop.unwatch(self._device)
        self._loop.unwatch(self._transport.fileno())
        self._peer_queues.close()
        self._loop.cancel(self._every_interval)
        return self.statistics()

    def _every_interval(self) -> None:
        self._peer_queues.open_missing()
        unknown = self._counters.drops[Drop.UNKNOWN_SENDER]
        self._flood_filter.update(unknown, self._datagrams_lost(), self._table)

    def _datagrams_lost(self) -> int:
        shared = udp_socket.datagrams_lost(self._transport) - self._datagrams_lost_before
        return shared + self._peer_queues.lost()

    def _set_offloads(self, compiled: CompiledTable) -> None:
        """Enable the offloads in the kernel; each that it refuses is disabled by itself."""
        offloads = self._offloads
        try:
            udp_socket.set_receive_offload(self._transport, offloads.active(Offload.UDP_GRO))
        except OSError as error:
            offloads.refuse(Offload.UDP_GRO, error)
        if offloads.active(Offload.UDP_GSO):
            try:
                udp_socket.probe_send_offload(self._transport)
            except OSError as error:
                offloads.refuse(Offload.UDP_GSO, error)
        for udp in (offloads.active(Offload.TUN_USO), False):
            tcp = offloads.active(Offload.TUN_TSO)
            try:
                checksum = compiled.any_partial_checksum or tcp or udp
                tun.set_offloads(self._device, checksum=checksum, tcp=tcp, udp=udp)
            except OSError as error:
                if error.errno != errno.EINVAL:
                    # The device failed, not the offload (EBADFD: it was deleted); a read fails,
                    # too, and opens it again.
                    _log.warning("cannot set the offloads of the device: %s", error.strerror)
                    break
                offloads.refuse(Offload.TUN_USO if udp else Offload.TUN_TSO, error)
            else:
                break
