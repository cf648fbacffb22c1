# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one answer of dockerd's API that matters here, on a Unix socket.

It stands for a dockerd with a given MTU where none can run; lab hosts have the real one.
"""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path


@contextmanager
def engine_socket(path: Path, mtu: int) -> Iterator[list[str]]:
    """Answer for a default bridge with this MTU; yields the requested paths."""
    requests: list[str] = []
    body = json.dumps({"Options": {"com.docker.network.driver.mtu": str(mtu)}}).encode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            requests.append(self.path)
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_request(self, *_arguments: object) -> None:
            """Leave the test's output alone; a Unix peer has no address to log."""

    with socketserver.UnixStreamServer(str(path), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield requests
        finally:
            server.shutdown()
            thread.join()
