# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Opens the device and the socket that the table asks for, keeps them open, and reports.

Either both are open and watched, or neither is: what fails later is closed whole and opened
again once a second, by the table in force, for as long as there is one.
"""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import time

from . import socket_filter, transport, tun
from .counters import Counters, Drop, Traffic
from .forwarder import Forwarder
from .forwarding import Forwarding
from .loop import EventLoop
from .offloads import Offload, Offloads
from .packet_io import DeviceLostError, PacketIO
from .probe import probe_device
from .state import StateError, TableFile
from .status import PeerStatus, Status
from .stranger_guard import is_flood
from .table import ForwardingTable, Peer
from .token_bucket import TokenBucket
from .word_sums import VECTORISED

_log = logging.getLogger(__name__)

REPAIR_INTERVAL = 1.0  # seconds
GUARD_INTERVAL = 1.0
# Destination unreachable, a second and at once; Linux limits its own to 1,000 and 50.
UNREACHABLE_RATE = 100.0
UNREACHABLE_BURST = 50


class Engine:
    """The datapath of one table, on one event loop."""

    def __init__(self, loop: EventLoop, table_file: TableFile) -> None:
        self._loop = loop
        self._table_file = table_file
        self._table: ForwardingTable | None = None
        self._device: int | None = None
        self._transport: socket.socket | None = None
        self._forwarder: Forwarder | None = None
        self._traffic: dict[Peer, Traffic] = {}
        self._counters = Counters()
        self._offloads = Offloads()
        self._lost_before = 0  # datagrams, by sockets that are closed
        self._filtering = False
        self._guarded = (0, 0)  # strangers and lost datagrams, when the guard last looked
        self._unreachables = TokenBucket(UNREACHABLE_RATE, UNREACHABLE_BURST, time.monotonic())
        self._unfiltered = ""  # why not
        self._problem: str | None = None
        self._since = time.time()

    def start(self) -> None:
        """Load the last applied table and begin to forward; what cannot be opened is retried."""
        probe_device(self._offloads)
        try:
            self._table = self._table_file.load()
        except StateError as error:
            _log.error("the last table is not loaded: %s", error)
        self.repair()
        self._loop.every(REPAIR_INTERVAL, self.repair)
        self._loop.every(GUARD_INTERVAL, self._guard)

    def apply(self, table: ForwardingTable) -> None:
        """Put `table` in force and remember it.

        Raises OSError (TunError, TransportError), and then the former table stands.
        """
        if table == self._table and self._forwarder is not None:
            return
        with contextlib.ExitStack() as undo:
            datagrams = self._transport
            if datagrams is None or datagrams.getsockname() != (str(table.bind), table.port):
                datagrams = transport.open_transport(table.bind, table.port, replaces=datagrams)
                undo.callback(datagrams.close)
            device = self._device
            if device is None or self._table is None or self._table.device != table.device:
                device = tun.open_device(table.device)
                undo.callback(os.close, device)
            self._table_file.save(table)
            undo.pop_all()
        former_device, former_transport = self._device, self._transport
        self._table = table
        self._forward(table, device, datagrams)
        if former_transport is not None and former_transport is not datagrams:
            self._close_transport(former_transport)
        if former_device is not None and former_device != device:
            self._loop.unwatch(former_device)
            tun.delete_device(former_device)
        _log.info("table applied: %s", self.summary())

    def remove(self) -> None:
        """Forget the table, here and in its file, and delete the device. Raises OSError."""
        if self._table is None:
            return
        device = self._device
        if device is None:
            device = tun.open_device(self._table.device)
        else:
            self._loop.unwatch(device)
            self._device = None
        self.close()
        tun.delete_device(device)
        self._table_file.delete()
        self._table = None
        self._problem = None
        self._traffic = {}
        _log.info("table removed")

    def repair(self) -> None:
        """Open what the table in force asks for, if it is not open."""
        table = self._table
        if table is None or self._forwarder is not None:
            return
        try:
            datagrams = transport.open_transport(table.bind, table.port, await_address=True)
            try:
                device = tun.open_device(table.device)
            except OSError:
                datagrams.close()
                raise
        except OSError as error:
            problem = error.strerror or str(error)
            if problem != self._problem:
                _log.error("not forwarding, retried every second: %s", problem)
            self._problem = problem
            return
        self._forward(table, device, datagrams)
        _log.info("forwarding: %s", self.summary())

    def summary(self) -> str:
        """Return in one line what is in force."""
        table = self._table
        if table is None:
            return "no table"
        return (
            f"{table.backend} on {table.bind}:{table.port}, device {table.device}, "
            f"subnet {table.subnet}, {len(table.peers)} peers"
        )

    def status(self) -> Status:
        """Return what runs and what it counted."""
        table, counters = self._table, self._counters
        counters.drops[Drop.RECEIVE_QUEUE_FULL] = self._datagrams_lost()
        peers = [_peer_status(peer, self._traffic[peer]) for peer in self._traffic]
        return {
            "table": None if table is None else table.to_document(),
            "pid": os.getpid(),
            "since": self._since,
            "forwarding": self._forwarder is not None,
            "problems": [] if self._problem is None else [self._problem],
            "offloads": dict(self._offloads.status()),
            "counters": {
                "packets_in": counters.packets_in,
                "bytes_in": counters.bytes_in,
                "packets_out": counters.packets_out,
                "bytes_out": counters.bytes_out,
                "unreachables_sent": counters.unreachables_sent,
                "unreachables_suppressed": counters.unreachables_suppressed,
                "drops": counters.drops_by_reason(),
            },
            "peers": peers,
        }

    def close(self) -> None:
        """Close the descriptors; the device and the table's file stay for the next process."""
        if self._device is not None:
            self._loop.unwatch(self._device)
            os.close(self._device)
        if self._transport is not None:
            self._close_transport(self._transport)
        self._device = self._transport = self._forwarder = None

    def _forward(self, table: ForwardingTable, device: int, datagrams: socket.socket) -> None:
        """Watch the two descriptors by `table`; a peer that stays keeps its counters."""
        former = self._traffic
        self._traffic = {peer: former.get(peer) or Traffic() for peer in table.peers}
        self._device, self._transport = device, datagrams
        forwarding = Forwarding(table, self._traffic.__getitem__)
        self._offloads.follow(table.offloads_disabled, forwarding.any_partial, VECTORISED)
        self._set_offloads(device, datagrams, forwarding)
        self._forwarder = Forwarder(
            forwarding,
            PacketIO.of(
                device, datagrams, table.port if forwarding.encapsulation.from_any_port else None
            ),
            self._counters,
            self._unreachables,
            self._offloads,
        )
        self._problem = None
        if self._filtering:
            self._filter(datagrams, table)
        self._loop.watch(device, self._drain_device)
        self._loop.watch(datagrams.fileno(), self._drain_transport)

    def _set_offloads(self, device: int, datagrams: socket.socket, forwarding: Forwarding) -> None:
        """Ask the kernel for what is wanted; what it refuses is dropped by itself."""
        offloads = self._offloads
        try:
            transport.set_receive_offload(datagrams, offloads.active(Offload.UDP_GRO))
        except OSError as error:
            offloads.refuse(Offload.UDP_GRO, error)
        if offloads.active(Offload.UDP_GSO):
            try:
                transport.probe_send_offload(datagrams)
            except OSError as error:
                offloads.refuse(Offload.UDP_GSO, error)
        for udp in (offloads.active(Offload.TUN_USO), False):
            tcp = offloads.active(Offload.TUN_TSO)
            try:
                checksum = forwarding.any_partial or tcp or udp
                tun.set_offloads(device, checksum=checksum, tcp=tcp, udp=udp)
            except OSError as error:
                offloads.refuse(Offload.TUN_USO if udp else Offload.TUN_TSO, error)
            else:
                break

    def _guard(self) -> None:
        """Let the kernel keep strangers out while there are many."""
        former = self._guarded
        strangers, lost = self._guarded = (
            self._counters.drops[Drop.STRANGER],
            self._datagrams_lost(),
        )
        wanted = is_flood(self._filtering, strangers - former[0], lost - former[1])
        if self._transport is None or self._table is None or wanted == self._filtering:
            return
        if wanted:
            self._filter(self._transport, self._table)
        else:
            self._filtering = False
            transport.detach_filter(self._transport)
            _log.info("the strangers have ceased, each is counted again")

    def _filter(self, datagrams: socket.socket, table: ForwardingTable) -> None:
        """Let only the peers of `table` in, where the kernel can."""
        former, self._filtering = self._filtering, False
        try:
            program = socket_filter.passing({int(peer.public_ip) for peer in table.peers})
            transport.attach_filter(datagrams, socket_filter.packed(program))
        except (socket_filter.TooManyPeersError, OSError) as error:
            if former:
                # The former table's filter would keep new peers out.
                with contextlib.suppress(OSError):
                    transport.detach_filter(datagrams)
            if str(error) != self._unfiltered:
                _log.warning("strangers flood the port and are not filtered: %s", error)
            self._unfiltered = str(error)
            return
        self._filtering = True
        if not former:
            _log.warning("strangers flood the port: the kernel drops them, with the queue's losses")

    def _drain_device(self, _events: int) -> None:
        try:
            self._running().drain_device()
        except DeviceLostError as error:
            _log.warning("the device is gone (%s), opening it anew", error)
            self.close()

    def _drain_transport(self, _events: int) -> None:
        self._running().drain_transport()

    def _running(self) -> Forwarder:
        if self._forwarder is None:
            raise AssertionError("the loop watches the descriptors of a forwarder only")
        return self._forwarder

    def _close_transport(self, datagrams: socket.socket) -> None:
        self._lost_before += transport.datagrams_lost(datagrams)
        self._loop.unwatch(datagrams.fileno())
        datagrams.close()

    def _datagrams_lost(self) -> int:
        if self._transport is None:
            return self._lost_before
        return self._lost_before + transport.datagrams_lost(self._transport)


def _peer_status(peer: Peer, traffic: Traffic) -> PeerStatus:
    return {
        "subnet": str(peer.subnet),
        "public_ip": str(peer.public_ip),
        "packets_in": traffic.packets_in,
        "bytes_in": traffic.bytes_in,
        "packets_out": traffic.packets_out,
        "bytes_out": traffic.bytes_out,
        "last_heard": traffic.last_heard,
    }
