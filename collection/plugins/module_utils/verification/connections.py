# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""TCP probes: the identity of the responder, its sources, and the throughput."""

from __future__ import annotations

import socket
import time

from . import exchange
from .datagrams import error_text
from .exchange import ExchangeError, Reply

_CHUNK = bytes(1 << 16)
_REPLY_LIMIT = 1 << 20  # bytes; far more than the addresses of a large fleet


def identify(address: str, port: int, timeout: float, attempts: int) -> Reply:
    """Return the identity of the responder, or the error of the last attempt."""
    error = "timed out"
    for _attempt in range(attempts):
        try:
            with socket.create_connection((address, port), timeout) as connection:
                return exchange.parse_identity(_request(connection, exchange.IDENTIFY))
        except OSError as failure:
            error = error_text(failure)
        except ExchangeError as failure:
            error = str(failure)
    return Reply(error=error)


def query_sources(port: int, timeout: float) -> list[str]:
    """Return the addresses from which the responder in this network namespace received packets.

    Raises OSError if it does not reply, ExchangeError if the reply is not a responder's.
    """
    with socket.create_connection(("127.0.0.1", port), timeout) as connection:
        fields = exchange.parse_reply(_request(connection, exchange.SOURCES))
    return [str(address) for address in fields.get("sources", ())]


def measure_throughput(address: str, port: int, seconds: float, timeout: float) -> float:
    """Send for ``seconds`` and return the throughput that the responder measured, in Mbit/s (10^6).

    Raises OSError or ExchangeError if it does not return a measurement.
    """
    with socket.create_connection((address, port), timeout) as connection:
        connection.sendall(exchange.SINK)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            connection.sendall(_CHUNK)
        connection.shutdown(socket.SHUT_WR)
        fields = exchange.parse_reply(_read(connection))
    try:
        return float(fields["bytes"]) * 8 / float(fields["seconds"]) / 1e6
    except (KeyError, ZeroDivisionError) as error:
        raise ExchangeError(f"the reply of {address} has no measurement: {fields}") from error


def _request(connection: socket.socket, request: bytes) -> bytes:
    connection.sendall(request)
    return _read(connection)


def _read(connection: socket.socket) -> bytes:
    data = b""
    while (part := connection.recv(_REPLY_LIMIT)) and len(data) < _REPLY_LIMIT:
        data += part
    return data
