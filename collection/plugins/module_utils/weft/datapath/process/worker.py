# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A queue in a process of its own, so that several queues use several cores.

The main process starts a worker for each queue, and both have the descriptors open. They are
connected by a socketpair: a request is a table to apply, or a `_Command`, and the answer to each is
the worker's statistics. The descriptors follow the first table, so that a worker can be started
before they are available: in a handover, packets already wait in them. A worker ends on a command,
between two bursts so that no packet is lost, and when the main process ends, which closes the
socketpair.
"""

from __future__ import annotations

import enum
import logging
import multiprocessing
import os
import signal
import socket
from collections.abc import Callable, Mapping
from multiprocessing import reduction
from multiprocessing.connection import Connection
from typing import cast

from ...errors import WeftError
from ..offloads import Offloads
from ..statistics import Statistics
from ..table import Endpoint, ForwardingTable
from .loop import EventLoop
from .queue import Queue

_log = logging.getLogger(__name__)

ANSWER_TIMEOUT = 2.0  # seconds; a burst takes milliseconds
_DESCRIPTORS_MAX = 1 << 20  # the kernel's fs.nr_open
_STDERR = 2


class _Command(enum.Enum):
    """A request to a worker other than a table to apply."""

    STATISTICS = enum.auto()
    STOP = enum.auto()


class WorkerError(WeftError):
    """A worker ended, or was killed because it did not answer; the message has its pid."""


class Worker:
    """A `Queue` in a forked process; calls `on_lost` if that process ends unexpectedly.

    The process is idle until `start`.
    """

    def __init__(self, loop: EventLoop, offloads: Offloads, *, on_lost: Callable[[], None]) -> None:
        self._loop = loop
        self._statistics = Statistics()
        # The process sends statistics first, when it is ready for `start`.
        self._unanswered = 1
        self._stopping = False
        self._channel, theirs = multiprocessing.Pipe()
        # A fork takes milliseconds, and has the same release and settings.
        self._process = multiprocessing.get_context("fork").Process(
            target=_serve, args=(theirs, offloads), daemon=True
        )
        self._process.start()
        self.pid = cast("int", self._process.pid)
        theirs.close()

        def ended(_events: int) -> None:
            _log.warning(
                "worker %s ended unexpectedly; opening the device and all sockets again", self.pid
            )
            on_lost()

        # Between two requests, the channel is readable only when the process has ended.
        loop.watch(self._channel.fileno(), ended)

    def start(self, device: int, transport: socket.socket, table: ForwardingTable) -> None:
        """Send the worker its queue and socket; `statistics` waits until it forwards.

        The worker gets copies of the descriptors; the caller owns `device` and `transport`. Raises
        WorkerError.
        """
        self._request(table)
        try:
            for descriptor in (device, transport.fileno()):
                reduction.send_handle(self._channel, descriptor, self.pid)
        except OSError as error:
            raise self._failed(error) from error

    def apply(self, table: ForwardingTable) -> None:
        """Forward by `table` from now on. Raises WorkerError."""
        self._request(table)
        self._answer()

    def statistics(self) -> Statistics:
        """Return the statistics since the worker was started. Raises WorkerError."""
        if not self._unanswered:
            self._request(_Command.STATISTICS)
        return self._answer()

    def request_stop(self) -> None:
        """Send the command to stop, without waiting: `release` and `stop` wait for it."""
        self._stopping = True
        try:
            self._request(_Command.STOP)
        except WorkerError as error:
            _log.debug("already ended: %s", error)

    def release(self) -> tuple[Statistics, Mapping[Endpoint, socket.socket]]:
        """Wait until it has stopped forwarding; return its last statistics, and no peer sockets."""
        if not self._stopping:
            self.request_stop()
        try:
            self._answer()
        except WorkerError as error:
            _log.debug("last statistics lost: %s", error)
        self._loop.unwatch(self._channel.fileno())
        self._channel.close()
        # It has stopped forwarding, so the kill loses no packet.
        self._process.kill()
        return self._statistics, {}

    def stop(self) -> Statistics:
        """End the process; return its last statistics, or the ones before if it does not answer."""
        statistics, _queues = self.release()
        self._process.join()
        self._process.close()
        return statistics

    def _request(self, request: ForwardingTable | _Command) -> None:
        try:
            self._channel.send(request)
        except OSError as error:
            raise self._failed(error) from error
        self._unanswered += 1

    def _answer(self) -> Statistics:
        """Return the answer to the last request."""
        try:
            while self._unanswered:
                if not self._channel.poll(ANSWER_TIMEOUT):
                    raise TimeoutError(f"no answer within {ANSWER_TIMEOUT:g} seconds")
                self._statistics = self._channel.recv()
                self._unanswered -= 1
        except (OSError, EOFError) as error:
            raise self._failed(error) from error
        return self._statistics

    def _failed(self, error: OSError | EOFError) -> WorkerError:
        self._process.kill()
        self._unanswered = 0
        return WorkerError(f"worker {self.pid}: {str(error) or 'ended'}")


def _serve(channel: Connection, offloads: Offloads) -> None:
    """Run one queue in the forked process, until it is stopped or the main process ends."""
    # systemd signals the whole control group, but the main process stops its workers itself.
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    # A queue and a socket stay open as long as one process has them open: close all inherited ones.
    _close_all_but(channel.fileno())
    loop = EventLoop()
    try:
        channel.send(Statistics())
        table = channel.recv()
        if not isinstance(table, ForwardingTable):
            channel.send(Statistics())
            return
        device, descriptor = (reduction.recv_handle(channel) for _turn in range(2))
    except (OSError, EOFError):
        return
    transport = socket.socket(fileno=descriptor)
    transport.setblocking(False)
    queue = Queue(loop, device, transport, table, offloads, on_lost=loop.stop)

    def answer(_events: int) -> None:
        try:
            request: ForwardingTable | _Command = channel.recv()
            if isinstance(request, ForwardingTable):
                queue.apply(request)
            stops = request is _Command.STOP
            channel.send(queue.stop() if stops else queue.statistics())
            if stops:
                loop.stop()
        except (OSError, EOFError):
            loop.stop()

    try:
        channel.send(queue.statistics())
    except OSError:
        return
    loop.watch(channel.fileno(), answer)
    loop.run()


def _close_all_but(*kept: int) -> None:
    """Close the descriptors behind the standard streams that are not `kept`."""
    start = _STDERR + 1
    for descriptor in (*sorted(kept), _DESCRIPTORS_MAX):
        os.closerange(start, descriptor)
        start = descriptor + 1
