# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Opens the device and the sockets of the table in force, keeps them open, and reports status.

Either all are open and packets are forwarded, or none is: after a failure all are closed, and
opened again once a second while a table is in force. A single queue runs on the loop of this
process; several queues run in a worker process each.
"""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import time
from collections.abc import Mapping

from ..offloads import Offloads
from ..sockets import tun, udp_socket
from ..statistics import Statistics, sum_statistics
from ..table import Endpoint, ForwardingTable, parse_table
from .handover import EngineState
from .loop import EventLoop
from .probe import probe_device
from .queue import Queue
from .status import Status, counter_status, parse_counters, parse_traffic, peer_status
from .table_file import StateError, TableFile
from .worker import Worker, WorkerError

_log = logging.getLogger(__name__)

REPAIR_INTERVAL = 1.0  # seconds


class Engine:
    """The datapath of one table on one event loop; owns the device's descriptors and sockets."""

    def __init__(self, loop: EventLoop, table_file: TableFile) -> None:
        self._loop = loop
        self._table_file = table_file
        self._table: ForwardingTable | None = None
        self._device: list[int] = []  # a descriptor for each queue
        self._transports: list[socket.socket] = []  # likewise
        self._queues: list[Queue | Worker] = []
        self._idle_workers: list[Worker] = []  # started before their queues are open
        self._offloads = Offloads()
        # The statistics of stopped queues.
        self._past = Statistics()
        self._problem: str | None = None
        self._since = time.time()

    def prepare(self) -> None:
        """Find out which offloads the kernel has; call `start` or `take_over` next."""
        probe_device(self._offloads)
        self._past = Statistics(offloads=self._offloads.status())
        self._loop.every(REPAIR_INTERVAL, self.repair)

    def prepare_workers(self) -> None:
        """Start the workers of the last applied table before `take_over` needs them."""
        try:
            table = self._table_file.load()
            if table is not None and table.queues > 1:
                self._set_idle_workers(table.queues)
                for worker in self._idle_workers:
                    worker.statistics()
        except (StateError, OSError, WorkerError) as error:
            _log.warning("cannot start workers in advance: %s", error)
            self._set_idle_workers(0)

    def start(self) -> None:
        """Load the last applied table and forward by it; a failure to open is retried."""
        try:
            self._table = self._table_file.load()
        except StateError as error:
            _log.error("cannot load the last applied table: %s", error)
        self.repair()

    def take_over(self, state: EngineState) -> None:
        """Continue with the table, counters and descriptors of another engine, and own them.

        Raises ValueError (TableError) or KeyError if its status cannot be parsed.
        """
        status = state.status
        table = None if status["table"] is None else parse_table(status["table"])
        peers = () if table is None else table.peers
        traffic = {
            peer.key: parse_traffic(counted)
            for peer, counted in zip(peers, status["peers"], strict=True)
        }
        counters = parse_counters(status["counters"])
        self._past = Statistics(counters, traffic, self._past.offloads)
        self._table, self._since = table, status["since"]
        if table is not None and state.device:
            self._forward(table, list(state.device), list(state.transports), state.peer_queues)
        self._set_idle_workers(0)

    def release(self) -> EngineState:
        """Stop forwarding and return everything open; the caller owns it, and no table is left."""
        self._request_stop()
        released = [queue.release() for queue in self._queues]
        peers = () if self._table is None else self._table.peers
        self._past = sum_statistics(
            self._past, [statistics for statistics, _sockets in released], peers
        )
        self._queues = []
        sockets = {
            endpoint: queue
            for _statistics, peer_queues in released
            for endpoint, queue in peer_queues.items()
        }
        state = EngineState(self.status(), self._device, self._transports, sockets)
        self._table, self._device, self._transports = None, [], []
        return state

    @property
    def forwarding(self) -> bool:
        """Whether the device and the sockets are open and packets are forwarded."""
        return bool(self._queues)

    def apply(self, table: ForwardingTable) -> None:
        """Put `table` in force and save it to its file.

        Raises OSError (TunError, TransportError), and then the former table stays in force.
        """
        former = self._table
        if table == former and self._queues:
            return
        if former is not None and table.queues != former.queues:
            # The device may have to be created again, and must not be open for that.
            self.close()
        with contextlib.ExitStack() as undo:
            transports, device = self._transports, self._device
            if not transports or transports[0].getsockname() != (str(table.bind), table.port):
                transports = udp_socket.open_transports(
                    table.bind, table.port, table.queues, replaces=transports
                )
                undo.callback(udp_socket.close_transports, transports)
            if not device or former is None or former.device != table.device:
                device = tun.open_device(table.device, table.queues)
                undo.callback(tun.close_device, device)
            self._table_file.save(table)
            undo.pop_all()
        former_transports, former_device = self._transports, self._device
        self._table = table
        self._forward(table, device, transports)
        if former_transports is not transports:
            udp_socket.close_transports(former_transports)
        if former is not None and former.device != table.device:
            tun.delete_device(former_device or tun.open_device(former.device, former.queues))
        _log.info("table applied: %s", self.summary())

    def remove(self) -> None:
        """Delete the table, its file and the device. Raises OSError."""
        if self._table is None:
            return
        self.close()
        device = tun.open_own_device(self._table.device, self._table.queues)
        if device is not None:
            tun.delete_device(device)
        self._table_file.delete()
        self._table = None
        self._past = sum_statistics(self._past, (), ())
        self._problem = None
        _log.info("table removed")

    def repair(self) -> None:
        """Open the device and the sockets of the table in force, if they are not open."""
        table = self._table
        if table is None or self._queues:
            return
        try:
            transports = udp_socket.open_transports(
                table.bind, table.port, table.queues, await_address=True
            )
            try:
                device = tun.open_device(table.device, table.queues)
            except OSError:
                udp_socket.close_transports(transports)
                raise
        except OSError as error:
            problem = error.strerror or str(error)
            if problem != self._problem:
                _log.error("cannot forward packets: %s; retried every second", problem)
            self._problem = problem
            return
        self._forward(table, device, transports)
        _log.info("forwarding: %s", self.summary())

    def summary(self) -> str:
        """Return a one-line summary of the table in force."""
        table = self._table
        if table is None:
            return "no table"
        return (
            f"{table.backend} on {table.bind}:{table.port}, device {table.device}, "
            f"subnet {table.subnet}, {len(table.peers)} peers"
        )

    def status(self) -> Status:
        """Return the status: the table in force, the processes, and the statistics."""
        try:
            running = [queue.statistics() for queue in self._queues]
        except WorkerError as error:
            _log.error("%s; opening the device and all sockets again", error)
            self.close()
            running = []
        table = self._table
        peers = () if table is None else table.peers
        total = sum_statistics(self._past, running, peers)
        return {
            "table": None if table is None else table.to_document(),
            "pid": os.getpid(),
            "workers": [each.pid for each in self._queues if isinstance(each, Worker)],
            "since": self._since,
            "forwarding": self.forwarding,
            "problems": [] if self._problem is None else [self._problem],
            "offloads": dict(total.offloads),
            "counters": counter_status(total.counters),
            "peers": [peer_status(peer, total.traffic[peer.key]) for peer in peers],
        }

    def close(self) -> None:
        """Stop forwarding and close the descriptors; the device and the table's file stay."""
        self._stop_queues()
        self._set_idle_workers(0)
        tun.close_device(self._device)
        udp_socket.close_transports(self._transports)
        self._device, self._transports = [], []

    def _forward(
        self,
        table: ForwardingTable,
        device: list[int],
        transports: list[socket.socket],
        peer_queues: Mapping[Endpoint, socket.socket] | None = None,
    ) -> None:
        """Forward by `table`; a peer that stays keeps its counters.

        The engine owns `device`, `transports` and `peer_queues` from here on.
        """
        if device is not self._device or transports is not self._transports:
            self._stop_queues()
            self._device, self._transports = device, transports
        self._past = sum_statistics(self._past, (), table.peers)
        self._problem = None
        try:
            for queue in self._queues:
                queue.apply(table)
            if not self._queues:
                self._start_queues(table, peer_queues)
        except (OSError, WorkerError) as error:
            _log.error("%s; opening the device and all sockets again", error)
            self.close()

    def _start_queues(
        self, table: ForwardingTable, peer_queues: Mapping[Endpoint, socket.socket] | None
    ) -> None:
        if table.queues > 1:
            self._start_workers(table)
            return
        (device,), (transport,) = self._device, self._transports
        self._queues.append(
            Queue(
                *(self._loop, device, transport, table, self._offloads),
                on_lost=self.close,
                peer_queues=peer_queues,
            )
        )

    def _start_workers(self, table: ForwardingTable) -> None:
        self._set_idle_workers(table.queues)
        workers, self._idle_workers = self._idle_workers, []
        self._queues += workers
        for worker, device, transport in zip(workers, self._device, self._transports, strict=True):
            worker.start(device, transport, table)
        for worker in workers:
            worker.statistics()

    def _set_idle_workers(self, count: int) -> None:
        """Start or stop idle workers until there are `count`."""
        while len(self._idle_workers) < count:
            self._idle_workers.append(Worker(self._loop, self._offloads, on_lost=self.close))
        while len(self._idle_workers) > count:
            self._idle_workers.pop().stop()

    def _request_stop(self) -> None:
        for queue in self._queues:
            if isinstance(queue, Worker):
                queue.request_stop()

    def _stop_queues(self) -> None:
        self._request_stop()
        stopped = [queue.stop() for queue in self._queues]
        peers = () if self._table is None else self._table.peers
        self._past = sum_statistics(self._past, stopped, peers)
        self._queues = []
