# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The client of the datapath's control socket, for the agent and weftctl."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from ...errors import WeftError

if TYPE_CHECKING:  # `weftctl status` does not load the datapath
    from .status import Status

DEFAULT_PATH = Path("/run/weft/datapath.sock")
_CHUNK = 1 << 16


class DatapathError(WeftError):
    """A request to the datapath failed."""


class DatapathUnavailableError(DatapathError):
    """The datapath is not reachable; the message has the socket, the reason and the fix."""


class DatapathRefusedError(DatapathError):
    """The datapath replied with an error, which is the message."""


class DatapathClient:
    """Sends requests to the datapath at `path`, each by a connection of its own.

    Every method raises DatapathUnavailableError, also if there is no reply within `timeout`
    seconds, and DatapathRefusedError.
    """

    def __init__(self, path: Path | str = DEFAULT_PATH, timeout: float = 5.0) -> None:
        self.path = Path(path)
        self.timeout = timeout

    def apply(self, table: Mapping[str, Any]) -> None:
        """Put `table`, in the form of `parse_table`, in force; on failure nothing changes."""
        self._request({"command": "apply", "table": table})

    def status(self) -> Status:
        """Return the status of the datapath, with its counters."""
        reply = self._request({"command": "status"})
        del reply["ok"]
        return cast("Status", reply)

    def remove(self) -> None:
        """Delete the table and the device."""
        self._request({"command": "remove"})

    def _request(self, request: dict[str, Any]) -> dict[str, Any]:
        line = json.dumps(request).encode() + b"\n"
        try:
            try:
                answer = self._exchange(line)
            except ConnectionError:
                # A handover closes the connections of the old process; the new one listens at the
                # same socket. All commands may be repeated.
                answer = self._exchange(line)
            reply = json.loads(answer)
        except OSError as error:
            raise DatapathUnavailableError(
                f"{self.path}: {error.strerror or error}; check that weft-datapath.service is "
                "running and that this user may write to the socket"
            ) from error
        except ValueError as error:
            raise DatapathUnavailableError(
                f"{self.path}: the reply is not JSON ({error}); check that no other service uses "
                "this path"
            ) from error
        if not isinstance(reply, dict) or "ok" not in reply:
            raise DatapathUnavailableError(
                f"{self.path}: the reply is not one of the datapath: {reply}"
            )
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
                    raise ConnectionResetError("connection closed without a reply")
                reply += data
        return bytes(reply)
