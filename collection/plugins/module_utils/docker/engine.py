# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A client of Docker's Engine API over its Unix socket.

If systemd listens on the socket, a connection starts dockerd: connect only while dockerd runs.
"""

from __future__ import annotations

import http.client
import json
import socket
from typing import Any
from urllib.parse import quote

from ansible_collections.weft.overlay.plugins.module_utils.weft.errors import WeftError

from .containers import Container, parse_container

_MTU_OPTION = "com.docker.network.driver.mtu"
_TIMEOUT = 5.0  # seconds
_SUCCESS = (http.HTTPStatus.OK, http.HTTPStatus.NO_CONTENT, http.HTTPStatus.NOT_MODIFIED)


class EngineError(WeftError, ValueError):
    """The API returned an error; ``status`` is the HTTP status."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class _SocketConnection(http.client.HTTPConnection):
    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        """Connect to the Unix socket."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class EngineClient:
    """The Engine API at a Unix socket.

    Every method raises OSError or http.client.HTTPException if there is no response, and
    ValueError, such as EngineError, if the response is not valid. ``operation_timeout`` is the
    timeout in seconds to start or stop a container.
    """

    def __init__(self, socket_path: str, operation_timeout: float = _TIMEOUT) -> None:
        self._socket_path = socket_path
        self._operation_timeout = operation_timeout

    def default_bridge_mtu(self) -> int | None:
        """Return the MTU of the default bridge in bytes, None if dockerd returns none."""
        mtu = (self._request("/networks/bridge").get("Options") or {}).get(_MTU_OPTION)
        return None if mtu is None else int(mtu)

    def firewall(self) -> str:
        """Return dockerd's firewall backend, such as ``iptables`` or ``nftables``."""
        # Before version 28 there was only iptables, and no field.
        named = self._request("/info").get("FirewallBackend") or {}
        return str(named.get("Driver") or "iptables")

    def live_restore_enabled(self) -> bool:
        """Return whether containers keep running while dockerd is stopped (``live-restore``)."""
        return bool(self._request("/info").get("LiveRestoreEnabled"))

    def running(self) -> list[Container]:
        """Return the running containers."""
        listed = [self.inspect(entry["Id"]) for entry in self._request("/containers/json")]
        return [container for container in listed if container and container.running]

    def inspect(self, identifier: str) -> Container | None:
        """Return the container, None if it does not exist."""
        try:
            return parse_container(self._request(f"/containers/{quote(identifier)}/json"))
        except EngineError as error:
            if error.status == http.HTTPStatus.NOT_FOUND:
                return None
            raise

    def start(self, identifier: str) -> None:
        """Start the container."""
        self._request(f"/containers/{quote(identifier)}/start", "POST", self._operation_timeout)

    def stop(self, identifier: str) -> None:
        """Stop the container with its stop signal, and kill it after its stop timeout."""
        self._request(f"/containers/{quote(identifier)}/stop", "POST", self._operation_timeout)

    def _request(self, path: str, method: str = "GET", timeout: float = _TIMEOUT) -> Any:
        connection = _SocketConnection(self._socket_path, timeout)
        try:
            connection.request(method, path)
            response = connection.getresponse()
            body = response.read()
        finally:
            connection.close()
        if response.status not in _SUCCESS:
            reason = _message(body) or response.reason
            raise EngineError(
                f"{self._socket_path} returned HTTP {response.status}: {reason}", response.status
            )
        return json.loads(body) if body else None


def _message(body: bytes) -> str:
    """Return dockerd's error message."""
    try:
        return str(json.loads(body)["message"])
    except (KeyError, TypeError, ValueError):
        return ""
