# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A carrier in a process of its own, so that queues are carried on several cores at once.

The main process makes a worker for each queue and holds the descriptors with it. They share a
socketpair: a request is a table to follow, or a word, and the answer to each is the tally. The
first table brings the descriptors along, so that a worker can be made before they are there, when
they are open elsewhere and packets already wait in them. A worker ends when it is told to, with no
packet between two queues, and when the main process does, since the socketpair then does.
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
from ..forwarding import Endpoint
from ..offloads import Offloads
from ..table import ForwardingTable
from ..tally import Tally
from .loop import EventLoop
from .queue import Carrier

_log = logging.getLogger(__name__)

ANSWER_TIMEOUT = 2.0  # seconds; a burst takes milliseconds
_DESCRIPTORS_MAX = 1 << 20  # the kernel's fs.nr_open
_STDERR = 2


class _Word(enum.Enum):
    """What a worker is asked besides a table to follow."""

    TALLY = enum.auto()
    STOP = enum.auto()


class WorkerError(WeftError):
    """A worker ended, or does not answer and was killed; the message says which one."""


class Worker:
    """What `Carrier` is, in a forked process; calls `lost` when that process has ended.

    It waits until `carry` gives it a queue.
    """

    def __init__(self, loop: EventLoop, offloads: Offloads, *, lost: Callable[[], None]) -> None:
        self._loop = loop
        self._tally = Tally()
        # It speaks first, when it is ready for a queue.
        self._unanswered = 1
        self._ceasing = False
        self._channel, theirs = multiprocessing.Pipe()
        # Forked, not started anew: the same release, the same settings, and in milliseconds.
        self._process = multiprocessing.get_context("fork").Process(
            target=_serve, args=(theirs, offloads), daemon=True
        )
        self._process.start()
        self.pid = cast("int", self._process.pid)
        theirs.close()

        def ended(_events: int) -> None:
            _log.warning("worker %s has ended, starting all anew", self.pid)
            lost()

        # Between two requests nothing comes but the end.
        loop.watch(self._channel.fileno(), ended)

    def carry(self, device: int, datagrams: socket.socket, table: ForwardingTable) -> None:
        """Give it a queue and its socket; it carries when `tally` answers. Raises WorkerError."""
        self._request(table)
        try:
            for descriptor in (device, datagrams.fileno()):
                reduction.send_handle(self._channel, descriptor, self.pid)
        except OSError as error:
            raise self._failed(error) from error

    def follow(self, table: ForwardingTable) -> None:
        """Forward by `table` from now on. Raises WorkerError."""
        self._request(table)
        self._answer()

    def tally(self) -> Tally:
        """Return what was counted since this worker was made. Raises WorkerError."""
        if not self._unanswered:
            self._request(_Word.TALLY)
        return self._answer()

    def cease(self) -> None:
        """Ask for the end, which `release` and `stop` wait for: several workers end at once."""
        self._ceasing = True
        try:
            self._request(_Word.STOP)
        except WorkerError as error:
            _log.debug("it has ended before: %s", error)

    def release(self) -> tuple[Tally, Mapping[Endpoint, socket.socket]]:
        """Wait until it carries no more; its process is about to end, and peers have no queues."""
        if not self._ceasing:
            self.cease()
        try:
            self._answer()
        except WorkerError as error:
            _log.debug("its last counts are lost: %s", error)
        self._loop.unwatch(self._channel.fileno())
        self._channel.close()
        # It carries nothing any more, so that no packet is lost by it.
        self._process.kill()
        return self._tally, {}

    def stop(self) -> Tally:
        """End the process; return its last tally, or the one before where it cannot answer."""
        tally, _queues = self.release()
        self._process.join()
        self._process.close()
        return tally

    def _request(self, request: ForwardingTable | _Word) -> None:
        try:
            self._channel.send(request)
        except OSError as error:
            raise self._failed(error) from error
        self._unanswered += 1

    def _answer(self) -> Tally:
        """Return the answer to the last request."""
        try:
            while self._unanswered:
                if not self._channel.poll(ANSWER_TIMEOUT):
                    raise TimeoutError(f"no answer within {ANSWER_TIMEOUT:g} seconds")
                self._tally = self._channel.recv()
                self._unanswered -= 1
        except (OSError, EOFError) as error:
            raise self._failed(error) from error
        return self._tally

    def _failed(self, error: OSError | EOFError) -> WorkerError:
        self._process.kill()
        self._unanswered = 0
        return WorkerError(f"worker {self.pid}: {str(error) or 'ended'}")


def _serve(channel: Connection, offloads: Offloads) -> None:
    """Carry one queue, in the forked process, until the device or the main process is gone."""
    # systemd signals the whole control group: it is the main process that ends its workers.
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    # A queue and a socket are open as long as any process holds them: keep what is our own.
    _close_all_but(channel.fileno())
    loop = EventLoop()
    try:
        channel.send(Tally())
        table = channel.recv()
        if not isinstance(table, ForwardingTable):
            channel.send(Tally())
            return
        device, descriptor = (reduction.recv_handle(channel) for _turn in range(2))
    except (OSError, EOFError):
        return
    datagrams = socket.socket(fileno=descriptor)
    datagrams.setblocking(False)
    carrier = Carrier(loop, device, datagrams, table, offloads, lost=loop.stop)

    def answer(_events: int) -> None:
        try:
            request: ForwardingTable | _Word = channel.recv()
            if isinstance(request, ForwardingTable):
                carrier.follow(request)
            stops = request is _Word.STOP
            channel.send(carrier.stop() if stops else carrier.tally())
            if stops:
                loop.stop()
        except (OSError, EOFError):
            loop.stop()

    try:
        channel.send(carrier.tally())
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
