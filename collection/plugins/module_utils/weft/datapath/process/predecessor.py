# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The end of a hand-over that gives: it ceases, sends all, and ends when the other is ready.

Whatever goes wrong before the successor is ready, this process goes on as if nothing had been.
"""

from __future__ import annotations

import logging
import os
import socket
import struct
from collections.abc import Callable
from pathlib import Path

from ...system import notify
from ..sockets.listening import listen
from .engine import Engine
from .handover import DONE, READY, REQUEST, Handover, send_handover
from .loop import EventLoop

_log = logging.getLogger(__name__)

# Who may ask could as well kill: this user and root.
MODE = 0o600
# Seconds. A successor asks at once. It is given long to get ready, since packets only wait.
REQUEST_TIMEOUT = 0.1
READY_TIMEOUT = 3.0
MANAGER_TIMEOUT = 5.0
# What the service manager tells its main process (sd_notify(3), sd_watchdog_enabled(3)).
MANAGER_SETTINGS = ("NOTIFY_SOCKET", "WATCHDOG_USEC")

_UCRED = struct.Struct("=iII")  # struct ucred: pid, uid, gid (unix(7), SO_PEERCRED)


class Predecessor:
    """Hands the datapath over to the first successor that asks at `path` and gets ready.

    It then calls `succeeded`. `control` is the socket of the requests, which goes along. Listens
    at `path`, or goes on there with the `inherited` socket. Raises ListenError.
    """

    def __init__(
        self,
        loop: EventLoop,
        path: Path,
        engine: Engine,
        control: socket.socket,
        *,
        succeeded: Callable[[], None],
        inherited: socket.socket | None = None,
    ) -> None:
        self._loop = loop
        self._path = path
        self._engine = engine
        self._control = control
        self._succeeded = succeeded
        self._listener = inherited or listen(path, MODE)
        loop.watch(self._listener.fileno(), self._accept)

    def close(self) -> None:
        """Remove the socket and its file."""
        self.leave()
        self._path.unlink(missing_ok=True)

    def leave(self) -> None:
        """Close the socket; its file stays, since the successor listens there."""
        self._loop.unwatch(self._listener.fileno())
        self._listener.close()

    def _accept(self, _events: int) -> None:
        try:
            connection, _address = self._listener.accept()
        except OSError:
            return  # it left before
        with connection:
            connection.settimeout(REQUEST_TIMEOUT)
            try:
                asked = connection.recv(len(REQUEST)) == REQUEST
            except OSError:
                return
            if asked:
                self._hand_over(connection)

    def _hand_over(self, successor: socket.socket) -> None:
        left = self._engine.release()
        settings = {name: os.environ[name] for name in MANAGER_SETTINGS if name in os.environ}
        successor.settimeout(READY_TIMEOUT)
        try:
            send_handover(successor, Handover(left, self._control, self._listener, settings))
            if successor.recv(len(READY)) != READY:
                raise ConnectionResetError("the successor ended before it was ready")
            successor.sendall(DONE)
        except OSError as error:
            self._engine.inherit(left)
            _log.error("nothing was handed over, going on: %s", error)
            return
        pid, _uid, _gid = _UCRED.unpack(
            successor.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size)
        )
        # It must arrive: the end of the main process would be that of its successor, too. The
        # manager reads it before it hears that this process ended.
        notify.notify(f"MAINPID={pid}", timeout=MANAGER_TIMEOUT)
        _log.info("process %d carries on", pid)
        self._succeeded()
