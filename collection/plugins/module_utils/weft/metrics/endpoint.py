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
from .health import is_alive, unreadiness
from .observer import Observer
from .report import Report

_log = logging.getLogger(__name__)

# Questions at once, and seconds that a client may take for each read and write.
_CLIENTS_MAX = 8
_CLIENT_TIMEOUT = 5.0
_TEXT = "text/plain; charset=utf-8"


class Endpoint:
    """Answers from the agent's last report; `serve` starts it, and again where it could not."""

    def __init__(self, settings: MetricsSettings | None, observer: Observer | None = None) -> None:
        self._settings = settings
        self._observer = observer or Observer()
        self._report: Report | None = None
        self._started = time.monotonic()
        self._server: _Server | None = None
        self.state: str | None = None
        """What the status says: where it answers, or why not; None where it is not wanted."""

    def tell(self, report: Report) -> None:
        """Take the agent's newest report."""
        self._report = report

    def serve(self) -> None:
        """Listen, if that is wanted and not done yet; a failure is said, and costs nothing else."""
        if self._settings is None or self._server is not None:
            return
        where = self._settings.host_port
        try:
            self._server = _Server(self._settings, self)
        except OSError as error:
            state = f"not served on {where}: {error.strerror}; correct the setting metrics"
        else:
            state = f"http://{where}/metrics"
            threading.Thread(target=self._server.serve_forever, name="metrics", daemon=True).start()
            if exposition.IMPORT_ERROR is not None:
                state = f"http://{where}/readyz and /healthz only: {exposition.MISSING}"
        if state != self.state:
            _log.log(
                logging.INFO if state.endswith("/metrics") else logging.WARNING,
                "metrics: %s",
                state,
            )
        self.state = state

    def close(self) -> None:
        """Listen no more."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
        self._observer.close()

    def answer(self, path: str) -> tuple[HTTPStatus, str, bytes]:
        """The status, the type and the body of the answer to a GET."""
        match path.partition("?")[0]:
            case "/healthz":
                alive = is_alive(self._report, self._started, time.monotonic())
                return _plain(alive, "ok" if alive else "the agent's passes have stopped")
            case "/readyz":
                reasons = self._unready()
                return _plain(not reasons, "\n".join(reasons) or "ready")
            case "/metrics" if exposition.IMPORT_ERROR is not None:
                return _plain(False, exposition.MISSING)
            case "/metrics":
                return HTTPStatus.OK, exposition.CONTENT_TYPE, self._metrics()
            case "/":
                return _plain(True, "/metrics\n/healthz\n/readyz")
            case _:
                return HTTPStatus.NOT_FOUND, _TEXT, b"there are /metrics, /healthz and /readyz\n"

    def _unready(self) -> list[str]:
        report = self._report
        return unreadiness(report, self._observer.observe(report), time.monotonic())

    def _metrics(self) -> bytes:
        report = self._report
        observed = self._observer.observe(report)
        unready = unreadiness(report, observed, time.monotonic())
        return exposition.render(families(report, observed, unready, running_release()))


def _plain(well: bool, text: str) -> tuple[HTTPStatus, str, bytes]:
    status = HTTPStatus.OK if well else HTTPStatus.SERVICE_UNAVAILABLE
    return status, _TEXT, f"{text}\n".encode()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, settings: MetricsSettings, endpoint: Endpoint) -> None:
        ipv6 = isinstance(settings.address, IPv6Address)
        self.address_family = AF_INET6 if ipv6 else AF_INET
        self.endpoint = endpoint
        self._free = threading.BoundedSemaphore(_CLIENTS_MAX)
        super().__init__((str(settings.address), settings.port), _Handler)

    def server_bind(self) -> None:
        """Bind; the library would ask the name service who we are."""
        self.socket.bind(self.server_address)
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer in a thread; a client too many is let go."""
        if self._free.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Give the place free again, whatever came of the question."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    # The library calls it so.
    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002
        """Log what the library would write to standard error."""
        _log.warning("metrics: no answer to %s", client_address[0], exc_info=True)


class _Handler(BaseHTTPRequestHandler):
    timeout = _CLIENT_TIMEOUT
    server_version = "weft"
    sys_version = ""
    server: _Server

    def do_GET(self) -> None:
        """Answer."""
        self._answer(body=True)

    def do_HEAD(self) -> None:
        """Answer without the body."""
        self._answer(body=False)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Keep scrapes out of the log."""
        _log.debug(format, *arguments)

    def _answer(self, *, body: bool) -> None:
        status, content_type, content = self.server.endpoint.answer(self.path)
        with contextlib.suppress(ConnectionError, TimeoutError):
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if body:
                self.wfile.write(content)
