# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carries packets between one queue of the device and one socket, by the table that it follows."""

from __future__ import annotations

import errno
import logging
import socket
import time
from collections.abc import Callable, Mapping

from ..counters import Counters, Drop, Traffic
from ..flood_filter import INTERVAL as GUARD_INTERVAL
from ..flood_filter import Guard
from ..forwarder import Forwarder
from ..forwarding import Endpoint, Forwarding
from ..offloads import Offload, Offloads
from ..sockets import tun, udp_socket
from ..sockets.packet_io import DeviceLostError, PacketIO, receive_of
from ..sockets.peer_queues import PeerQueues
from ..table import ForwardingTable, PeerKey
from ..tally import Tally
from ..token_bucket import TokenBucket
from ..wire.word_sums import VECTORISED
from .loop import EventLoop

_log = logging.getLogger(__name__)

# Destination unreachable, a second over all queues, and at once in each; Linux limits its own to
# 1,000 and 50.
UNREACHABLE_RATE = 100.0
UNREACHABLE_BURST = 50


class Carrier:
    """Forwards on `loop` from its making until `stop`; calls `lost` when the device is gone.

    The descriptors stay the caller's. `peer_queues` are those that an earlier carrier released.
    """

    def __init__(
        self,
        loop: EventLoop,
        device: int,
        datagrams: socket.socket,
        table: ForwardingTable,
        offloads: Offloads,
        *,
        lost: Callable[[], None],
        peer_queues: Mapping[Endpoint, socket.socket] | None = None,
    ) -> None:
        self._loop = loop
        self._device = device
        self._transport = datagrams
        self._offloads = offloads
        self._lost = lost
        self._table = table
        self._guard = Guard(datagrams)
        self._peer_queues = PeerQueues(loop, datagrams, peer_queues or {})
        self._counters = Counters()
        self._traffic: dict[PeerKey, Traffic] = {}
        self._datagrams_lost_before = udp_socket.datagrams_lost(datagrams)
        self._unreachables = TokenBucket(
            UNREACHABLE_RATE / table.queues, UNREACHABLE_BURST, time.monotonic()
        )
        self.follow(table)
        loop.every(GUARD_INTERVAL, self._look)

    def follow(self, table: ForwardingTable) -> None:
        """Forward by `table` from now on; a peer that stays keeps its counters."""
        self._table = table
        self._guard.follow(table)
        keys = [peer.key for peer in table.peers]
        self._traffic = {key: self._traffic.get(key) or Traffic() for key in keys}
        forwarding = Forwarding(table, lambda peer: self._traffic[peer.key])
        self._offloads.follow(table.offloads_disabled, forwarding.any_partial, VECTORISED)
        self._set_offloads(forwarding)
        forwarder = Forwarder(
            forwarding,
            PacketIO.of(
                self._device,
                self._transport,
                table.port if forwarding.encapsulation.from_any_port else None,
            ),
            self._counters,
            self._unreachables,
            self._offloads,
        )

        def drain_device(_events: int) -> None:
            try:
                forwarder.drain_device()
            except DeviceLostError as error:
                _log.warning("the device is gone (%s), opening it anew", error)
                self._lost()

        def drain_transport(_events: int) -> None:
            forwarder.drain_transport()

        def drain_peer(queue: socket.socket) -> Callable[[int], None]:
            receive = receive_of(queue)
            return lambda _events: forwarder.drain_transport(receive)

        self._loop.watch(self._device, drain_device)
        self._loop.watch(self._transport.fileno(), drain_transport)
        # Over the sockets of several carriers the kernel spreads the peers by itself.
        alone = table.queues == 1 and not forwarding.encapsulation.from_any_port
        self._peer_queues.follow(
            forwarding.senders if alone else (),
            self._offloads.active(Offload.UDP_GRO),
            drain_peer,
        )

    def tally(self) -> Tally:
        """Return what was counted since this carrier was made."""
        self._counters.drops[Drop.RECEIVE_QUEUE_FULL] = self._datagrams_lost()
        return Tally(self._counters, self._traffic, self._offloads.status())

    def release(self) -> tuple[Tally, Mapping[Endpoint, socket.socket]]:
        """Forward no more; return the last tally, and the peers' queues with what they hold."""
        released = self._peer_queues.release()
        return self.stop(), released

    def stop(self) -> Tally:
        """Forward no more; return the last tally."""
        self._loop.unwatch(self._device)
        self._loop.unwatch(self._transport.fileno())
        self._peer_queues.close()
        self._loop.cancel(self._look)
        return self.tally()

    def _look(self) -> None:
        self._peer_queues.complete()
        strangers = self._counters.drops[Drop.STRANGER]
        self._guard.look(strangers, self._datagrams_lost(), self._table)

    def _datagrams_lost(self) -> int:
        shared = udp_socket.datagrams_lost(self._transport) - self._datagrams_lost_before
        return shared + self._peer_queues.lost()

    def _set_offloads(self, forwarding: Forwarding) -> None:
        """Ask the kernel for what is wanted; what it refuses is dropped by itself."""
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
                checksum = forwarding.any_partial or tcp or udp
                tun.set_offloads(self._device, checksum=checksum, tcp=tcp, udp=udp)
            except OSError as error:
                if error.errno != errno.EINVAL:
                    # It is the device that fails (EBADFD: it was deleted), as a read will, too.
                    _log.warning("the device takes no offloads: %s", error.strerror)
                    break
                offloads.refuse(Offload.TUN_USO if udp else Offload.TUN_TSO, error)
            else:
                break
