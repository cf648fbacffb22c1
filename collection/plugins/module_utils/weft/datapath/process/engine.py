# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Opens the device and the sockets that the table asks for, keeps them open, and reports.

Either all are open and carried, or none is: what fails later is closed whole and opened again
once a second, by the table in force, for as long as there is one. One queue is carried right here,
on the process's own loop; several are carried by a worker each.
"""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import time
from collections.abc import Mapping

from ..forwarding import Endpoint
from ..offloads import Offloads
from ..sockets import tun, udp_socket
from ..table import ForwardingTable, parse_table
from ..tally import Tally, total
from .handover import EngineState
from .loop import EventLoop
from .probe import probe_device
from .queue import Carrier
from .state import StateError, TableFile
from .status import Status, counter_status, parse_counters, parse_traffic, peer_status
from .worker import Worker, WorkerError

_log = logging.getLogger(__name__)

REPAIR_INTERVAL = 1.0  # seconds


class Engine:
    """The datapath of one table, on one event loop."""

    def __init__(self, loop: EventLoop, table_file: TableFile) -> None:
        self._loop = loop
        self._table_file = table_file
        self._table: ForwardingTable | None = None
        self._device: list[int] = []  # a descriptor for each queue
        self._transports: list[socket.socket] = []  # likewise
        self._carriers: list[Carrier | Worker] = []
        self._waiting: list[Worker] = []  # for a queue
        self._offloads = Offloads()
        # Of the carriers that are no more.
        self._past = Tally()
        self._problem: str | None = None
        self._since = time.time()

    def prepare(self) -> None:
        """Find out what the kernel takes; `start` or `take_over` comes next."""
        probe_device(self._offloads)
        self._past = Tally(offloads=self._offloads.status())
        self._loop.every(REPAIR_INTERVAL, self.repair)

    def prepare_workers(self) -> None:
        """Make the workers that the last applied table asks for, before `take_over` needs them."""
        try:
            table = self._table_file.load()
            if table is not None and table.queues > 1:
                self._await_queues(table.queues)
                for worker in self._waiting:
                    worker.tally()
        except (StateError, OSError, WorkerError) as error:
            _log.warning("workers are made when they are needed: %s", error)
            self._await_queues(0)

    def start(self) -> None:
        """Load the last applied table and begin to forward; what cannot be opened is retried."""
        try:
            self._table = self._table_file.load()
        except StateError as error:
            _log.error("the last table is not loaded: %s", error)
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
        self._past = Tally(counters, traffic, self._past.offloads)
        self._table, self._since = table, status["since"]
        if table is not None and state.device:
            self._carry(table, list(state.device), list(state.transports), state.peer_queues)
        self._await_queues(0)

    def release(self) -> EngineState:
        """Stop forwarding and return everything open; the caller owns it, and no table is left."""
        self._cease()
        released = [carrier.release() for carrier in self._carriers]
        peers = () if self._table is None else self._table.peers
        self._past = total(self._past, [tally for tally, _queues in released], peers)
        self._carriers = []
        queues = {end: queue for _tally, queues in released for end, queue in queues.items()}
        state = EngineState(self.status(), self._device, self._transports, queues)
        self._table, self._device, self._transports = None, [], []
        return state

    @property
    def forwarding(self) -> bool:
        """Whether the device and the sockets are open and carried."""
        return bool(self._carriers)

    def apply(self, table: ForwardingTable) -> None:
        """Put `table` in force and remember it.

        Raises OSError (TunError, TransportError), and then the former table stands.
        """
        former = self._table
        if table == former and self._carriers:
            return
        if former is not None and table.queues != former.queues:
            # The device may have to be made anew, and nobody may hold it then.
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
        self._carry(table, device, transports)
        if former_transports is not transports:
            udp_socket.close_transports(former_transports)
        if former is not None and former.device != table.device:
            tun.delete_device(former_device or tun.open_device(former.device, former.queues))
        _log.info("table applied: %s", self.summary())

    def remove(self) -> None:
        """Forget the table, here and in its file, and delete the device. Raises OSError."""
        if self._table is None:
            return
        self.close()
        device = tun.open_own_device(self._table.device, self._table.queues)
        if device is not None:
            tun.delete_device(device)
        self._table_file.delete()
        self._table = None
        self._past = total(self._past, (), ())
        self._problem = None
        _log.info("table removed")

    def repair(self) -> None:
        """Open what the table in force asks for, if it is not open."""
        table = self._table
        if table is None or self._carriers:
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
                _log.error("not forwarding, retried every second: %s", problem)
            self._problem = problem
            return
        self._carry(table, device, transports)
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
        try:
            tallies = [carrier.tally() for carrier in self._carriers]
        except WorkerError as error:
            _log.error("%s; starting all anew", error)
            self.close()
            tallies = []
        table = self._table
        peers = () if table is None else table.peers
        whole = total(self._past, tallies, peers)
        return {
            "table": None if table is None else table.to_document(),
            "pid": os.getpid(),
            "workers": [each.pid for each in self._carriers if isinstance(each, Worker)],
            "since": self._since,
            "forwarding": self.forwarding,
            "problems": [] if self._problem is None else [self._problem],
            "offloads": dict(whole.offloads),
            "counters": counter_status(whole.counters),
            "peers": [peer_status(peer, whole.traffic[peer.key]) for peer in peers],
        }

    def close(self) -> None:
        """Close the descriptors; the device and the table's file stay for the next process."""
        self._stop_carriers()
        self._await_queues(0)
        tun.close_device(self._device)
        udp_socket.close_transports(self._transports)
        self._device, self._transports = [], []

    def _carry(
        self,
        table: ForwardingTable,
        device: list[int],
        transports: list[socket.socket],
        peer_queues: Mapping[Endpoint, socket.socket] | None = None,
    ) -> None:
        """Carry what is open by `table`; a peer that stays keeps its counters."""
        if device is not self._device or transports is not self._transports:
            self._stop_carriers()
            self._device, self._transports = device, transports
        self._past = total(self._past, (), table.peers)
        self._problem = None
        try:
            for carrier in self._carriers:
                carrier.follow(table)
            if not self._carriers:
                self._start_carriers(table, peer_queues)
        except (OSError, WorkerError) as error:
            _log.error("%s; starting all anew", error)
            self.close()

    def _start_carriers(
        self, table: ForwardingTable, peer_queues: Mapping[Endpoint, socket.socket] | None
    ) -> None:
        if table.queues > 1:
            self._start_workers(table)
            return
        (device,), (datagrams,) = self._device, self._transports
        self._carriers.append(
            Carrier(
                *(self._loop, device, datagrams, table, self._offloads),
                lost=self.close,
                peer_queues=peer_queues,
            )
        )

    def _start_workers(self, table: ForwardingTable) -> None:
        self._await_queues(table.queues)
        workers, self._waiting = self._waiting, []
        self._carriers += workers
        for worker, device, datagrams in zip(workers, self._device, self._transports, strict=True):
            worker.carry(device, datagrams, table)
        for worker in workers:
            worker.tally()

    def _await_queues(self, count: int) -> None:
        """Have that many workers that wait for a queue."""
        while len(self._waiting) < count:
            self._waiting.append(Worker(self._loop, self._offloads, lost=self.close))
        while len(self._waiting) > count:
            self._waiting.pop().stop()

    def _cease(self) -> None:
        for carrier in self._carriers:
            if isinstance(carrier, Worker):
                carrier.cease()

    def _stop_carriers(self) -> None:
        self._cease()
        tallies = [carrier.stop() for carrier in self._carriers]
        peers = () if self._table is None else self._table.peers
        self._past = total(self._past, tallies, peers)
        self._carriers = []
