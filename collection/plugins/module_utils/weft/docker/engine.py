# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""dockerd's answer about its default bridge, over the Engine API's socket."""

from __future__ import annotations

import http.client
import json
import socket

_MTU_OPTION = "com.docker.network.driver.mtu"
_TIMEOUT = 5.0  # seconds


class _SocketConnection(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=_TIMEOUT)
        self._path = path

    def connect(self) -> None:
        """Connect to the Unix socket."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def default_bridge_mtu(socket_path: str) -> int | None:
    """Ask dockerd for the MTU of its default bridge, in bytes; None if it names none.

    Engine API: ``GET /networks/{id}``. A socket that systemd listens on starts dockerd, so ask
    only while it runs. Raises OSError or http.client.HTTPException if there is no answer, and
    ValueError if it is not the API's.
    """
    connection = _SocketConnection(socket_path)
    try:
        connection.request("GET", "/networks/bridge")
        response = connection.getresponse()
        body = response.read()
    finally:
        connection.close()
    if response.status != http.HTTPStatus.OK:
        raise ValueError(f"{socket_path} answered {response.status} {response.reason}")
    options = json.loads(body).get("Options") or {}
    mtu = options.get(_MTU_OPTION)
    return None if mtu is None else int(mtu)
