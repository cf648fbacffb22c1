# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`weftd agent`: the process that watches etcd and reconciles the host."""

from __future__ import annotations

import argparse
import contextlib
import logging
import selectors
import signal
import socket
import threading
import time
from dataclasses import replace
from pathlib import Path
from types import FrameType

from ..errors import WeftError
from ..host.lease_view import LeaseView, load_view, save_view
from ..host.paths import SETTINGS_PATH, SNAPSHOT_PATH, STATUS_PATH
from ..host.settings import Settings, SettingsError, load_settings
from ..host.status import Status, write_status
from ..kernel import events, iptables
from ..kernel.netlink import KernelError, Netlink
from ..metrics.endpoint import Endpoint
from ..metrics.report import Report
from ..store.certificate_expiry import CertificateError, store_certificate_expiry
from ..store.client import StoreClient
from ..store.errors import StoreError
from ..system import logs, notify
from .lease_manager import LeaseManager
from .lease_watcher import LeaseWatcher
from .problem_log import ProblemLog
from .reconciler import Reconciler

_log = logging.getLogger(__name__)

# Seconds between two passes; less while there are problems.
_RECONCILE_INTERVAL = 30.0
_RETRY_INTERVAL = 3.0
# Without kernel events for changed firewall rules, as in flannel (pkg/trafficmngr/iptables).
_FIREWALL_INTERVAL = 5.0
# Seconds to wait for a burst of events to end, and least seconds between two passes: a busy Docker
# host changes links and rules all the time.
_SETTLE_TIME = 0.05
_MIN_INTERVAL = 0.25
# Seconds after which systemd may start Docker although the overlay is not ready.
_READY_TIMEOUT = 20.0


def run(arguments: list[str]) -> int:
    """Run until SIGTERM or SIGINT; return the exit status."""
    options = _parser().parse_args(arguments)
    logs.configure(verbose=options.verbose)
    threading.excepthook = _log_end_of_thread
    try:
        settings = load_settings(options.config)
        with Netlink() as netlink, StoreClient(settings.store) as store:
            Agent(settings, netlink, store, options.snapshot, options.status).run()
    except (SettingsError, KernelError, StoreError) as error:
        _log.error("cannot start: %s", error)
        return 1
    except AgentError as error:
        _log.error("%s", error)
        return 1
    _log.info("agent stopped; the overlay continues with the last known leases")
    return 0


class AgentError(WeftError):
    """The agent cannot continue; a restart may help."""


class Agent:
    """The main loop: reconciles the host after events of etcd and the kernel, and by a timer."""

    def __init__(
        self, settings: Settings, netlink: Netlink, store: StoreClient, snapshot: Path, status: Path
    ) -> None:
        self._snapshot = snapshot
        self._status = status
        self._snapshot_due = False
        self._lease_problem = ProblemLog(_log)
        self._status_problem = ProblemLog(_log)
        self._snapshot_problem = ProblemLog(_log)
        self._stopping = False
        self._ready = False
        self._ready_deadline = time.monotonic() + _READY_TIMEOUT
        self._wake_receiver, self._wake_sender = socket.socketpair()
        for end in (self._wake_receiver, self._wake_sender):
            end.setblocking(False)
        self._interval = _interval_of(settings)
        self._store_settings = settings.store
        self._reconciler = Reconciler(settings, netlink)
        self._passes = 0
        self._endpoint = Endpoint(settings.metrics)
        last_known = load_view(snapshot)
        self._lease_watcher = LeaseWatcher(store, last_known, self._on_view_update)
        self._lease_manager = LeaseManager(
            store, settings.lease, socket.gethostname(), self._on_lease_problem, last_known
        )

    def run(self) -> None:
        """Reconcile on every event, and every 30 s or sooner, until stopped. Raises AgentError."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        self._lease_watcher.start()
        self._lease_manager.start()
        event_sockets = [*events.open_event_sockets(), self._wake_receiver]
        try:
            with selectors.DefaultSelector() as selector:
                for event_socket in event_sockets:
                    selector.register(event_socket, selectors.EVENT_READ)
                self._loop(selector, event_sockets)
        finally:
            notify.notify("STOPPING=1")
            self._lease_watcher.stop()
            self._lease_manager.stop()
            self._endpoint.close()
            for event_socket in (*event_sockets, self._wake_sender):
                event_socket.close()

    def _loop(
        self, selector: selectors.DefaultSelector, event_sockets: list[socket.socket]
    ) -> None:
        watchdog = notify.watchdog_interval()
        longest_pause = watchdog / 3 if watchdog else self._interval
        due = last_pass = time.monotonic()
        while not self._stopping:
            pause = min(longest_pause, due - time.monotonic())
            woken = bool(selector.select(max(0.0, pause)))
            if woken:
                time.sleep(max(_SETTLE_TIME, last_pass + _MIN_INTERVAL - time.monotonic()))
                for event_socket in event_sockets:
                    events.drain(event_socket)
            self._check_threads()
            notify.notify("WATCHDOG=1")
            if (woken or time.monotonic() >= due) and not self._stopping:
                healthy = self._reconcile()
                last_pass = time.monotonic()
                due = last_pass + (self._interval if healthy else _RETRY_INTERVAL)

    def _check_threads(self) -> None:
        """Raise AgentError if a thread has ended: without it, changes in etcd would be missed."""
        for thread in (self._lease_watcher, self._lease_manager):
            if not thread.is_alive():
                raise AgentError(
                    f"the {thread.name} thread has ended; exiting for systemd to restart the agent"
                )

    def _reconcile(self) -> bool:
        # Cleared before the view is read: an update in between sets it again.
        snapshot_due, self._snapshot_due = self._snapshot_due, False
        view, begun = self._lease_watcher.view, time.monotonic()
        self._reconciler.reconcile(view)
        self._lease_manager.update(self._reconciler.public_ip, view, self._reconciler.lease_data)
        if snapshot_due:
            self._save_snapshot(view)
        self._endpoint.serve()
        status = replace(
            self._reconciler.status(view, self._lease_watcher.problem, self._lease_problem.problem),
            metrics=self._endpoint.state,
            certificate_expiry=self._certificate_expiry(),
            certificate=self._store_settings.client_certificate,
        )
        self._passes += 1
        plan, ended = self._reconciler.plan, time.monotonic()
        self._endpoint.update(Report(status, plan, time.time(), ended - begun, self._passes, ended))
        try:
            write_status(self._status, status)
            self._status_problem.update(None)
        except OSError as error:
            self._status_problem.update(f"cannot write {self._status}: {error.strerror}")
        self._notify_systemd(status)
        return status.ready

    def _certificate_expiry(self) -> float | None:
        """Return the end of the certificate, read in each pass: a renewal needs no restart."""
        # The etcd client reports a certificate that cannot be read.
        with contextlib.suppress(CertificateError):
            return store_certificate_expiry(self._store_settings)
        return None

    def _notify_systemd(self, status: Status) -> None:
        notify.notify(f"STATUS={status.summary()}")
        if self._ready:
            return
        late = time.monotonic() > self._ready_deadline
        if status.ready or late:
            if late and not status.ready:
                _log.warning(
                    "overlay not ready after %.0f s: %s; Docker may start now",
                    _READY_TIMEOUT,
                    status.summary(),
                )
            self._ready = True
            notify.notify("READY=1")

    def _save_snapshot(self, view: LeaseView) -> None:
        """Save the view for a start while etcd is unreachable. A failure is logged."""
        if view.stale:
            return
        try:
            save_view(self._snapshot, view)
            self._snapshot_problem.update(None)
        except OSError as error:
            self._snapshot_due = True
            self._snapshot_problem.update(
                f"cannot write the snapshot file {self._snapshot}: {error.strerror}"
            )

    def _on_view_update(self) -> None:
        self._snapshot_due = True
        self._wake()

    def _on_lease_problem(self, problem: str | None) -> None:
        if self._lease_problem.update(problem):
            self._wake()

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping = True
        self._wake()

    def _wake(self) -> None:
        # Full buffer: already awake. Closed socket: the loop has ended.
        with contextlib.suppress(OSError):
            self._wake_sender.send(b"\0")


def _interval_of(settings: Settings) -> float:
    """Return the seconds between two passes without events."""
    try:
        has_events = not settings.firewall or iptables.has_change_events()
    except iptables.FirewallError:
        has_events = False  # the first pass reports the error
    return _RECONCILE_INTERVAL if has_events else _FIREWALL_INTERVAL


def _log_end_of_thread(end: threading.ExceptHookArgs) -> None:
    name = end.thread.name if end.thread else "unknown"
    _log.critical("the %s thread has failed", name, exc_info=end.exc_value)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="weftd agent",
        description="Watch etcd and apply the network and the leases to this host.",
    )
    for option, path, text in (
        ("--config", SETTINGS_PATH, "settings, JSON"),
        ("--snapshot", SNAPSHOT_PATH, "last known leases"),
        ("--status", STATUS_PATH, "status document for weftctl"),
    ):
        parser.add_argument(option, type=Path, default=path, help=f"{text} (%(default)s)")
    parser.add_argument("--verbose", action="store_true", help="log at level DEBUG")
    return parser
