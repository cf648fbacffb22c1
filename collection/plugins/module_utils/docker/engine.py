# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""dockerd's answers and deeds, over the Engine API's socket.

A socket that systemd listens on starts dockerd, so ask only while it runs.
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
_GOOD = (http.HTTPStatus.OK, http.HTTPStatus.NO_CONTENT, http.HTTPStatus.NOT_MODIFIED)


class EngineError(WeftError, ValueError):
    """dockerd refused, or what answers is not its API; ``status`` is that of HTTP."""

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


class Engine:
    """dockerd behind a Unix socket.

    Every method raises OSError or http.client.HTTPException if there is no answer, and
    ValueError, such as EngineError, if the answer is not what was asked for. ``patience`` is how
    long dockerd may take to start or stop a container, in seconds.
    """

    def __init__(self, socket_path: str, patience: float = _TIMEOUT) -> None:
        self._socket_path = socket_path
        self._patience = patience

    def default_bridge_mtu(self) -> int | None:
        """Return the MTU of the default bridge, in bytes; None if dockerd names none."""
        mtu = (self._ask("/networks/bridge").get("Options") or {}).get(_MTU_OPTION)
        return None if mtu is None else int(mtu)

    def firewall(self) -> str:
        """Return by what dockerd keeps its firewall, such as ``iptables`` and ``nftables``."""
        # Before 28 it knew only one and named none.
        named = self._ask("/info").get("FirewallBackend") or {}
        return str(named.get("Driver") or "iptables")

    def keeps_containers(self) -> bool:
        """Whether containers go on while dockerd is down (its option ``live-restore``)."""
        return bool(self._ask("/info").get("LiveRestoreEnabled"))

    def running(self) -> list[Container]:
        """Return the containers that run."""
        listed = [self.inspect(entry["Id"]) for entry in self._ask("/containers/json")]
        return [container for container in listed if container and container.running]

    def inspect(self, identifier: str) -> Container | None:
        """Return the container, or None if there is no such."""
        try:
            return parse_container(self._ask(f"/containers/{quote(identifier)}/json"))
        except EngineError as error:
            if error.status == http.HTTPStatus.NOT_FOUND:
                return None
            raise

    def start(self, identifier: str) -> None:
        """Start the container."""
        self._ask(f"/containers/{quote(identifier)}/start", "POST", self._patience)

    def stop(self, identifier: str) -> None:
        """Stop the container with its own signal, and by force after its own time."""
        self._ask(f"/containers/{quote(identifier)}/stop", "POST", self._patience)

    def _ask(self, path: str, method: str = "GET", timeout: float = _TIMEOUT) -> Any:
        connection = _SocketConnection(self._socket_path, timeout)
        try:
            connection.request(method, path)
            response = connection.getresponse()
            body = response.read()
        finally:
            connection.close()
        if response.status not in _GOOD:
            words = _message(body) or response.reason
            raise EngineError(
                f"{self._socket_path} answered {response.status}: {words}", response.status
            )
        return json.loads(body) if body else None


def _message(body: bytes) -> str:
    """Return the reason that dockerd gives with an error."""
    try:
        return str(json.loads(body)["message"])
    except (KeyError, TypeError, ValueError):
        return ""
