# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The answers of dockerd's API that matter here, on a Unix socket.

It stands for a dockerd where none can run; lab hosts have the real one.
"""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path


@contextmanager
def engine_socket(
    path: Path, mtu: int, answers: Mapping[str, object] | None = None
) -> Iterator[list[str]]:
    """Answer for a default bridge with this MTU, and more by path; yields the requested paths."""
    requests: list[str] = []
    bridge = {"Options": {"com.docker.network.driver.mtu": str(mtu)}}
    known = {"/networks/bridge": bridge, "/info": {}, **(answers or {})}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            requests.append(self.path)
            body = json.dumps(known.get(self.path, {"message": "no such object"})).encode()
            self.send_response(200 if self.path in known else 404)
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
