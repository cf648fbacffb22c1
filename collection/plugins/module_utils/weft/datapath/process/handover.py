# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A hand-over on the wire: what one process leaves to the next, over a Unix socket.

The descriptors go first (SCM_RIGHTS, unix(7)), each batch with a blank; then comes a line of JSON,
which skips blanks. What waits in the kernel's queues goes along with them.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...errors import WeftError
from .inheritance import Inheritance

# What the successor says, and the answer after which it carries and the other process does not.
REQUEST = b"hand over\n"
READY = b"ready\n"
DONE = b"done\n"

BATCH = 253  # SCM_MAX_FD (net/scm.h): descriptors a message
_CHUNK = 1 << 16


class HandoverError(WeftError):
    """Nothing was handed over; the message says why."""


@dataclass(frozen=True, slots=True)
class Handover:
    """What the engine leaves, the sockets on which requests and successors come, and what the
    service manager had put into the environment."""

    engine: Inheritance
    control: socket.socket
    successors: socket.socket
    environment: Mapping[str, str]


def send_handover(connection: socket.socket, handover: Handover) -> None:
    """Send a hand-over; the descriptors stay open here, too. Raises OSError."""
    engine = handover.engine
    document = {
        "status": engine.status,
        "queues": len(engine.device),
        "peer_queues": list(engine.peer_queues),
        "environment": dict(handover.environment),
    }
    descriptors = [
        handover.control.fileno(),
        handover.successors.fileno(),
        *engine.device,
        *(each.fileno() for each in (*engine.transports, *engine.peer_queues.values())),
    ]
    for start in range(0, len(descriptors), BATCH):
        socket.send_fds(connection, [b" "], descriptors[start : start + BATCH])
    connection.sendall(json.dumps(document).encode() + b"\n")


def receive_handover(connection: socket.socket) -> Handover:
    """Return what `send_handover` sends. Raises HandoverError."""
    descriptors: list[int] = []
    try:
        line = _receive(connection, descriptors)
        return _handover(json.loads(line), descriptors)
    except (OSError, ValueError, KeyError, TypeError) as error:
        for descriptor in descriptors:
            os.close(descriptor)
        raise HandoverError(f"what it hands over is not understood: {error}") from error


def _receive(connection: socket.socket, descriptors: list[int]) -> bytes:
    """Return the line, and add to `descriptors` what came before it. Raises OSError."""
    line = bytearray()
    while not line.endswith(b"\n"):
        data, received, flags, _address = socket.recv_fds(connection, _CHUNK, BATCH)
        descriptors += received
        if not data:
            raise ConnectionResetError("it closed the connection")
        if flags & socket.MSG_CTRUNC:
            raise ConnectionAbortedError("descriptors are short: raise LimitNOFILE of the unit")
        line += data
    return bytes(line)


def _handover(document: Mapping[str, Any], descriptors: Sequence[int]) -> Handover:
    queues = int(document["queues"])
    endpoints = [(str(host), int(port)) for host, port in document["peer_queues"]]
    environment = {str(name): str(value) for name, value in document["environment"].items()}
    status = document["status"]
    expected = 2 + 2 * queues + len(endpoints)
    if len(descriptors) != expected:
        raise ValueError(f"{len(descriptors)} descriptors came where there are {expected}")
    # From here on the sockets own their descriptors.
    following = iter(descriptors)
    control, successors = (_socket(next(following)) for _turn in range(2))
    device = [next(following) for _queue in range(queues)]
    transports = [_socket(next(following)) for _queue in range(queues)]
    peer_queues = {endpoint: _socket(next(following)) for endpoint in endpoints}
    left = Inheritance(status, device, transports, peer_queues)
    return Handover(left, control, successors, environment)


def _socket(descriptor: int) -> socket.socket:
    received = socket.socket(fileno=descriptor)
    received.setblocking(False)
    return received
