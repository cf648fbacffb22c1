# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The old process's side of a handover: stops forwarding, sends its state, and exits.

If anything fails before the new process is ready, the old process continues to forward.
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

# A handover ends this process, so only its own user and root may request one.
MODE = 0o600
# Seconds. A new process sends its request at once. It may take longer to get ready: packets
# only wait in the kernel's queues.
REQUEST_TIMEOUT = 0.1
READY_TIMEOUT = 3.0
MANAGER_TIMEOUT = 5.0
# What systemd sets in the environment of its main process (sd_notify(3), sd_watchdog_enabled(3)).
MANAGER_SETTINGS = ("NOTIFY_SOCKET", "WATCHDOG_USEC")

_UCRED = struct.Struct("=iII")  # struct ucred: pid, uid, gid (unix(7), SO_PEERCRED)


class HandoverServer:
    """Hands the datapath over to the first process that requests it at `path` and becomes ready.

    Then calls `on_handed_over`. `control` is the control socket's listener, which is handed over
    too. Listens at `path`, or continues on `listener`, which an old process handed over. Raises
    ListenError.
    """

    def __init__(
        self,
        loop: EventLoop,
        path: Path,
        engine: Engine,
        control: socket.socket,
        *,
        on_handed_over: Callable[[], None],
        listener: socket.socket | None = None,
    ) -> None:
        self._loop = loop
        self._path = path
        self._engine = engine
        self._control = control
        self._on_handed_over = on_handed_over
        self._listener = listener or listen(path, MODE)
        loop.watch(self._listener.fileno(), self._accept)

    def close(self) -> None:
        """Close the socket and remove its file."""
        self.leave()
        self._path.unlink(missing_ok=True)

    def leave(self) -> None:
        """Close the socket; its file stays, since the new process listens there."""
        self._loop.unwatch(self._listener.fileno())
        self._listener.close()

    def _accept(self, _events: int) -> None:
        try:
            connection, _address = self._listener.accept()
        except OSError:
            return  # the client closed the connection already
        with connection:
            connection.settimeout(REQUEST_TIMEOUT)
            try:
                requested = connection.recv(len(REQUEST)) == REQUEST
            except OSError:
                return
            if requested:
                self._hand_over(connection)

    def _hand_over(self, new_process: socket.socket) -> None:
        state = self._engine.release()
        settings = {name: os.environ[name] for name in MANAGER_SETTINGS if name in os.environ}
        new_process.settimeout(READY_TIMEOUT)
        try:
            send_handover(new_process, Handover(state, self._control, self._listener, settings))
            if new_process.recv(len(READY)) != READY:
                raise ConnectionResetError("the new process ended before it was ready")
            new_process.sendall(DONE)
        except OSError as error:
            self._engine.take_over(state)
            _log.error("handover failed, this process continues to forward: %s", error)
            return
        pid, _uid, _gid = _UCRED.unpack(
            new_process.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size)
        )
        # Must arrive, and before this process exits: when its main process ends, systemd kills
        # the rest of the unit, the new process included.
        notify.notify(f"MAINPID={pid}", timeout=MANAGER_TIMEOUT)
        _log.info("handed over to process %d", pid)
        self._on_handed_over()
