# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The HTTP endpoint: /metrics, /healthz and /readyz, in threads beside the agent's loop."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import IPv6Address
from socket import AF_INET, AF_INET6
from typing import Any

from ..host.settings import MetricsSettings
from ..system.release import running_release
from . import exposition
from .families import families
from .health import is_alive, unready_reasons
from .observer import Observer
from .report import Report

_log = logging.getLogger(__name__)

# Concurrent requests, and the timeout of each read and write in seconds.
_MAX_CLIENTS = 8
_CLIENT_TIMEOUT = 5.0
_TEXT = "text/plain; charset=utf-8"


class Endpoint:
    """The HTTP server for the agent's last report; `serve` starts it, if need be again."""

    def __init__(self, settings: MetricsSettings | None, observer: Observer | None = None) -> None:
        self._settings = settings
        self._observer = observer or Observer()
        self._report: Report | None = None
        self._started = time.monotonic()
        self._server: _Server | None = None
        self.state: str | None = None
        """The URL, or why the endpoint does not listen, for the status; None if it is disabled."""

    def update(self, report: Report) -> None:
        """Set the report of the agent's last pass."""
        self._report = report

    def serve(self) -> None:
        """Listen, if enabled and not listening yet. A failure is logged and shown in the status."""
        if self._settings is None or self._server is not None:
            return
        address = self._settings.host_port
        try:
            self._server = _Server(self._settings, self)
        except OSError as error:
            state = f"cannot listen on {address}: {error.strerror}; correct the setting metrics"
        else:
            state = f"http://{address}/metrics"
            threading.Thread(target=self._server.serve_forever, name="metrics", daemon=True).start()
            if exposition.IMPORT_ERROR is not None:
                state = f"http://{address}/readyz and /healthz only: {exposition.MISSING}"
        if state != self.state:
            _log.log(
                logging.INFO if state.endswith("/metrics") else logging.WARNING,
                "metrics: %s",
                state,
            )
        self.state = state

    def close(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
        self._observer.close()

    def respond(self, path: str) -> tuple[HTTPStatus, str, bytes]:
        """Return status, content type and body of the response to a GET."""
        match path.partition("?")[0]:
            case "/healthz":
                alive = is_alive(self._report, self._started, time.monotonic())
                return _plain(alive, "ok" if alive else "the agent has stopped reconciling")
            case "/readyz":
                reasons = self._unready_reasons()
                return _plain(not reasons, "\n".join(reasons) or "ready")
            case "/metrics" if exposition.IMPORT_ERROR is not None:
                return _plain(False, exposition.MISSING)
            case "/metrics":
                return HTTPStatus.OK, exposition.CONTENT_TYPE, self._metrics()
            case "/":
                return _plain(True, "/metrics\n/healthz\n/readyz")
            case _:
                return (
                    HTTPStatus.NOT_FOUND,
                    _TEXT,
                    b"not found: use /metrics, /healthz or /readyz\n",
                )

    def _unready_reasons(self) -> list[str]:
        report = self._report
        return unready_reasons(report, self._observer.observe(report), time.monotonic())

    def _metrics(self) -> bytes:
        report = self._report
        observed = self._observer.observe(report)
        unready = unready_reasons(report, observed, time.monotonic())
        return exposition.render(families(report, observed, unready, running_release()))


def _plain(ok: bool, text: str) -> tuple[HTTPStatus, str, bytes]:
    status = HTTPStatus.OK if ok else HTTPStatus.SERVICE_UNAVAILABLE
    return status, _TEXT, f"{text}\n".encode()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, settings: MetricsSettings, endpoint: Endpoint) -> None:
        ipv6 = isinstance(settings.address, IPv6Address)
        self.address_family = AF_INET6 if ipv6 else AF_INET
        self.endpoint = endpoint
        self._slots = threading.BoundedSemaphore(_MAX_CLIENTS)
        super().__init__((str(settings.address), settings.port), _Handler)

    def server_bind(self) -> None:
        """Bind without the DNS lookup of the base class."""
        self.socket.bind(self.server_address)
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]

    def process_request(self, request: Any, client_address: Any) -> None:
        """Handle the request in a thread; close it if there are too many."""
        if self._slots.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Handle the request, then release its slot."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._slots.release()

    # The base class defines the signature.
    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002
        """Log the error, which the base class would write to standard error."""
        _log.warning("metrics: request of %s failed", client_address[0], exc_info=True)


class _Handler(BaseHTTPRequestHandler):
    timeout = _CLIENT_TIMEOUT
    server_version = "weft"
    sys_version = ""
    server: _Server

    def do_GET(self) -> None:
        """Send the response."""
        self._respond(body=True)

    def do_HEAD(self) -> None:
        """Send the response without the body."""
        self._respond(body=False)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Keep scrapes out of the log."""
        _log.debug(format, *arguments)

    def _respond(self, *, body: bool) -> None:
        status, content_type, content = self.server.endpoint.respond(self.path)
        with contextlib.suppress(ConnectionError, TimeoutError):
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if body:
                self.wfile.write(content)
