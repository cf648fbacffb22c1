# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Probes of ports of other hosts, all at once."""

from __future__ import annotations

import os
import secrets
import socket
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from .ports import Port, Protocol

_THREADS = 64
_UDP_ATTEMPTS = 3
_LARGEST = 0xFFFF


@dataclass(frozen=True, slots=True)
class ProbedPort:
    """The result of one probe; `error` is empty if there was a reply."""

    error: str
    source: str = ""


def probe_ports(targets: Sequence[tuple[str, Port]], timeout: float) -> list[ProbedPort]:
    """Return the result for each address and port, in their order."""
    with ThreadPoolExecutor(_THREADS) as pool:
        return list(pool.map(lambda target: _probe(target[0], target[1], timeout), targets))


def _probe(address: str, port: Port, timeout: float) -> ProbedPort:
    kind = socket.SOCK_STREAM if port.protocol is Protocol.TCP else socket.SOCK_DGRAM
    with socket.socket(socket.AF_INET, kind) as opened:
        opened.settimeout(timeout)
        try:
            opened.connect((address, port.number))
            if port.protocol is Protocol.UDP and not _echoes(opened, timeout):
                return ProbedPort("timed out", _source(opened))
        except OSError as error:
            return ProbedPort(_text(error), _source(opened))
        return ProbedPort("", _source(opened))


def _echoes(opened: socket.socket, timeout: float) -> bool:
    payload = secrets.token_bytes(16)
    for _attempt in range(_UDP_ATTEMPTS):
        opened.send(payload)
        deadline = time.monotonic() + timeout / _UDP_ATTEMPTS
        while (left := deadline - time.monotonic()) > 0:
            opened.settimeout(left)
            try:
                if opened.recv(_LARGEST) == payload:
                    return True
            except TimeoutError:
                break
    return False


def _source(opened: socket.socket) -> str:
    source = str(opened.getsockname()[0])
    return "" if source == "0.0.0.0" else source


def _text(error: OSError) -> str:
    if isinstance(error, TimeoutError):
        return "timed out"
    return os.strerror(error.errno) if error.errno else str(error)
