# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The client of the datapath's control socket, for the agent and the command line."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from ...errors import WeftError
from .control import DEFAULT_PATH
from .status import Status

_CHUNK = 1 << 16


class DatapathError(WeftError):
    """The datapath did not do what was asked."""


class DatapathUnavailableError(DatapathError):
    """No datapath answers; the message names the socket, the reason and the next step."""


class DatapathRefusedError(DatapathError):
    """The datapath answered with an error, which is the message."""


class DatapathClient:
    """Speaks to the datapath at `path`, a connection for each request.

    Every method raises DatapathUnavailableError, also when the answer takes longer than
    `timeout` seconds, and DatapathRefusedError.
    """

    def __init__(self, path: Path | str = DEFAULT_PATH, timeout: float = 5.0) -> None:
        self.path = Path(path)
        self.timeout = timeout

    def apply(self, table: Mapping[str, Any]) -> None:
        """Put `table`, in the form that `parse_table` reads, in force, or change nothing."""
        self._request({"command": "apply", "table": table})

    def status(self) -> Status:
        """Return what the datapath runs and what it counted."""
        reply = self._request({"command": "status"})
        del reply["ok"]
        return cast(Status, reply)

    def remove(self) -> None:
        """Drop the table and delete the device."""
        self._request({"command": "remove"})

    def _request(self, request: dict[str, Any]) -> dict[str, Any]:
        line = json.dumps(request).encode() + b"\n"
        try:
            try:
                answer = self._exchange(line)
            except ConnectionError:
                # A process that hands over leaves its clients to the new process, which listens at
                # the same socket; what was asked may be asked again.
                answer = self._exchange(line)
            reply = json.loads(answer)
        except OSError as error:
            raise DatapathUnavailableError(
                f"{self.path}: {error.strerror or error}; is the unit of `weftd datapath` running, "
                "and may this user write to its socket?"
            ) from error
        except ValueError as error:
            raise DatapathUnavailableError(
                f"{self.path}: the answer is not JSON ({error}); does another service own the path?"
            ) from error
        if not isinstance(reply, dict) or "ok" not in reply:
            raise DatapathUnavailableError(f"{self.path}: the answer is not a datapath's: {reply}")
        if reply["ok"] is not True:
            raise DatapathRefusedError(str(reply.get("error")))
        return reply

    def _exchange(self, request: bytes) -> bytes:
        deadline = time.monotonic() + self.timeout
        reply = bytearray()
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(self.timeout)
            connection.connect(str(self.path))
            connection.sendall(request)
            while not reply.endswith(b"\n"):
                remaining = deadline - time.monotonic()
                if remaining <= 0:
                    raise TimeoutError("timed out")
                connection.settimeout(remaining)
                data = connection.recv(_CHUNK)
                if not data:
                    raise ConnectionResetError("closed before it answered")
                reply += data
        return bytes(reply)
