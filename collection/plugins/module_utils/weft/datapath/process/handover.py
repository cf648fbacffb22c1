# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The handover protocol: the state that an old process sends to a new one over a Unix socket.

    new  ->  REQUEST
    old  ->  descriptors (SCM_RIGHTS, unix(7)), each message with one blank; then a line of JSON
    new  ->  READY
    old  ->  DONE, and from then on only the new process forwards

A JSON parser skips the blanks. Packets that wait in the kernel's queues are handed over with the
descriptors. A process must be able to hand over to the release before and after it: fields, words
and the order of the descriptors stay.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...errors import WeftError
from ..table import Endpoint
from .status import Status

REQUEST = b"hand over\n"
READY = b"ready\n"
DONE = b"done\n"

DESCRIPTORS_MAX = 253  # SCM_MAX_FD (net/scm.h): descriptors a message
_CHUNK = 1 << 16


class HandoverError(WeftError):
    """Nothing was handed over; the message says why."""


@dataclass(frozen=True, slots=True)
class EngineState:
    """The table and counters of an engine, in `status`, and its open descriptors.

    `device` has one descriptor and `transports` one socket for each queue; both are empty if the
    engine did not forward. Whoever receives the state owns the descriptors and closes them.
    """

    status: Status
    device: Sequence[int] = ()
    transports: Sequence[socket.socket] = ()
    peer_queues: Mapping[Endpoint, socket.socket] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Handover:
    """The handed-over state: the engine's, the two listening sockets, and systemd's variables.

    `control` accepts control requests, `handover_listener` the next handover request.
    """

    engine: EngineState
    control: socket.socket
    handover_listener: socket.socket
    environment: Mapping[str, str]


def send_handover(connection: socket.socket, handover: Handover) -> None:
    """Send a handover; the descriptors stay open in this process, too. Raises OSError."""
    engine = handover.engine
    document = {
        "status": engine.status,
        "queues": len(engine.device),
        "peer_queues": list(engine.peer_queues),
        "environment": dict(handover.environment),
    }
    descriptors = [
        handover.control.fileno(),
        handover.handover_listener.fileno(),
        *engine.device,
        *(each.fileno() for each in (*engine.transports, *engine.peer_queues.values())),
    ]
    for start in range(0, len(descriptors), DESCRIPTORS_MAX):
        socket.send_fds(connection, [b" "], descriptors[start : start + DESCRIPTORS_MAX])
    connection.sendall(json.dumps(document).encode() + b"\n")


def receive_handover(connection: socket.socket) -> Handover:
    """Return what `send_handover` sent. Raises HandoverError."""
    descriptors: list[int] = []
    try:
        line = _receive(connection, descriptors)
        return _parse_handover(json.loads(line), descriptors)
    except (OSError, ValueError, KeyError, TypeError) as error:
        for descriptor in descriptors:
            os.close(descriptor)
        raise HandoverError(f"cannot read the handed-over state: {error}") from error


def _receive(connection: socket.socket, descriptors: list[int]) -> bytes:
    """Return the line, and add to `descriptors` those that came before it. Raises OSError."""
    line = bytearray()
    while not line.endswith(b"\n"):
        data, received, flags, _address = socket.recv_fds(connection, _CHUNK, DESCRIPTORS_MAX)
        descriptors += received
        if not data:
            raise ConnectionResetError("the old process closed the connection")
        if flags & socket.MSG_CTRUNC:
            raise ConnectionAbortedError(
                "too many open files: raise LimitNOFILE of weft-datapath.service"
            )
        line += data
    return bytes(line)


def _parse_handover(document: Mapping[str, Any], descriptors: Sequence[int]) -> Handover:
    queues = int(document["queues"])
    endpoints = [(str(host), int(port)) for host, port in document["peer_queues"]]
    environment = {str(name): str(value) for name, value in document["environment"].items()}
    status = document["status"]
    expected = 2 + 2 * queues + len(endpoints)
    if len(descriptors) != expected:
        raise ValueError(f"received {len(descriptors)} descriptors, expected {expected}")
    # From here on the sockets own their descriptors.
    following = iter(descriptors)
    control, handover_listener = (_socket(next(following)) for _turn in range(2))
    device = [next(following) for _queue in range(queues)]
    transports = [_socket(next(following)) for _queue in range(queues)]
    peer_queues = {endpoint: _socket(next(following)) for endpoint in endpoints}
    state = EngineState(status, device, transports, peer_queues)
    return Handover(state, control, handover_listener, environment)


def _socket(descriptor: int) -> socket.socket:
    received = socket.socket(fileno=descriptor)
    received.setblocking(False)
    return received
