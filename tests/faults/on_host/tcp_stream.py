# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One TCP connection that is never silent: `receive PORT` prints JSON at its end, `send HOST PORT`.

The sender writes 16 KiB each 5 ms (26 Mbit/s) until SIGTERM, and then ends the connection in order.
"""

from __future__ import annotations

import contextlib
import json
import signal
import socket
import sys
import time
from types import FrameType

_CHUNK = bytes(16 * 1024)
_INTERVAL = 0.005


def receive(port: int) -> None:
    with socket.create_server(("", port)) as listener:
        connection, _peer = listener.accept()
        heard, pause, total, ended = time.monotonic(), 0.0, 0, True
        with connection:
            try:
                while data := connection.recv(1 << 20):
                    now = time.monotonic()
                    pause, heard, total = max(pause, now - heard), now, total + len(data)
            except OSError:
                ended = False
    print(json.dumps({"bytes": total, "longest_pause": pause, "ended_in_order": ended}))


def send(host: str, port: int) -> None:
    stopped = False

    def stop(_number: int, _frame: FrameType | None) -> None:
        nonlocal stopped
        stopped = True

    signal.signal(signal.SIGTERM, stop)
    with socket.create_connection((host, port), 5) as connection, contextlib.suppress(OSError):
        connection.settimeout(None)
        while not stopped:
            connection.sendall(_CHUNK)
            time.sleep(_INTERVAL)
        connection.shutdown(socket.SHUT_WR)


if __name__ == "__main__":
    if sys.argv[1] == "receive":
        receive(int(sys.argv[2]))
    else:
        send(sys.argv[2], int(sys.argv[3]))
