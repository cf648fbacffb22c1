# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Probes by TCP: who answers, from which address the connection came, and how much it carries."""

from __future__ import annotations

import socket
import time

from . import exchange
from .datagrams import words
from .exchange import Answer, ExchangeError

_CHUNK = bytes(1 << 16)
_ANSWER_SIZE = 1 << 20  # bytes; the addresses of a large fleet are far less


def who(address: str, port: int, timeout: float, attempts: int) -> Answer:
    """Ask who answers; the error is that of the last attempt."""
    error = "timed out"
    for _attempt in range(attempts):
        try:
            with socket.create_connection((address, port), timeout) as connection:
                return exchange.pull_who(_ask(connection, exchange.WHO))
        except OSError as failure:
            error = words(failure)
        except ExchangeError as failure:
            error = str(failure)
    return Answer(error=error)


def heard(port: int, timeout: float) -> list[str]:
    """Return the addresses that the responder of this network has heard.

    Raises OSError if it does not answer, ExchangeError if something else does.
    """
    with socket.create_connection(("127.0.0.1", port), timeout) as connection:
        fields = exchange.pull(_ask(connection, exchange.HEARD))
    return [str(address) for address in fields.get("heard", ())]


def throughput(address: str, port: int, seconds: float, timeout: float) -> float:
    """Send for so many seconds and return what arrived, in Mbit/s (10^6).

    Raises OSError or ExchangeError if the other end does not tell.
    """
    with socket.create_connection((address, port), timeout) as connection:
        connection.sendall(exchange.SINK)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            connection.sendall(_CHUNK)
        connection.shutdown(socket.SHUT_WR)
        fields = exchange.pull(_read(connection))
    try:
        return float(fields["bytes"]) * 8 / float(fields["seconds"]) / 1e6
    except (KeyError, ZeroDivisionError) as error:
        raise ExchangeError(f"{address} does not tell what arrived: {fields}") from error


def _ask(connection: socket.socket, request: bytes) -> bytes:
    connection.sendall(request)
    return _read(connection)


def _read(connection: socket.socket) -> bytes:
    data = b""
    while (part := connection.recv(_ANSWER_SIZE)) and len(data) < _ANSWER_SIZE:
        data += part
    return data
