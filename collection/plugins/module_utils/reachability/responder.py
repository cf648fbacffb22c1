# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The responder: accepts TCP connections and echoes datagrams on ports that nothing uses yet."""

from __future__ import annotations

import contextlib
import errno
import selectors
import socket
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ansible_collections.weft.overlay.plugins.module_utils.background_process import (
    run_in_background,
)

from .ports import Port, Protocol

# An abstract address (unix(7)), which belongs to the network namespace and needs no file.
_CONTROL = "\0weft-port-responder"
_BACKLOG = 512
_LARGEST = 0xFFFF
_STOP_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class OpenedPorts:
    """The sockets of the responder, and the ports that another program has."""

    control: socket.socket
    sockets: Sequence[tuple[Port, socket.socket]]
    in_use: tuple[Port, ...]

    @property
    def served(self) -> tuple[Port, ...]:
        """The ports of the responder."""
        return tuple(port for port, _socket in self.sockets)

    def close(self) -> None:
        """Close all sockets."""
        for each in (self.control, *(opened for _port, opened in self.sockets)):
            each.close()


def stop() -> bool:
    """End a running responder and return whether there was one."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(_STOP_SECONDS)
        try:
            connection.connect(_CONTROL)
        except ConnectionRefusedError:
            return False
        # The responder closes the connection after its ports.
        with contextlib.suppress(OSError):
            connection.recv(1)
    return True


def open_ports(ports: Iterable[Port]) -> OpenedPorts:
    """Open a socket for each port that is free. Raises OSError if a responder runs already."""
    control = socket.socket(socket.AF_UNIX)
    control.bind(_CONTROL)
    control.listen()
    sockets, in_use = [], []
    for port in ports:
        try:
            sockets.append((port, _open(port)))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            in_use.append(port)
    return OpenedPorts(control, tuple(sockets), tuple(in_use))


def serve_in_background(opened: OpenedPorts, lifetime: float) -> None:
    """Start a process that replies until ``stop``, at most ``lifetime`` seconds."""
    run_in_background(lambda: _serve(opened, lifetime))
    opened.close()


def _open(port: Port) -> socket.socket:
    if port.protocol is Protocol.TCP:
        return socket.create_server(("0.0.0.0", port.number), backlog=_BACKLOG)
    opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        opened.bind(("0.0.0.0", port.number))
    except OSError:
        opened.close()
        raise
    return opened


def _serve(opened: OpenedPorts, lifetime: float) -> None:
    deadline = time.monotonic() + lifetime
    with selectors.DefaultSelector() as selector:
        selector.register(opened.control, selectors.EVENT_READ)
        for port, each in opened.sockets:
            each.setblocking(False)
            selector.register(each, selectors.EVENT_READ, (port, each))
        while (left := deadline - time.monotonic()) > 0:
            for key, _events in selector.select(left):
                if key.data is None:
                    connection, _address = opened.control.accept()
                    opened.close()
                    # Last: stop() waits for it.
                    connection.close()
                    return
                with contextlib.suppress(OSError):
                    _reply(*key.data)


def _reply(port: Port, opened: socket.socket) -> None:
    if port.protocol is Protocol.TCP:
        opened.accept()[0].close()
    else:
        payload, address = opened.recvfrom(_LARGEST)
        opened.sendto(payload, address)
