# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`weftd agent`: the process that watches the store and reconciles the host."""

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
from .reconciler import Reconciler

_log = logging.getLogger(__name__)

# Seconds between two looks at everything; sooner where something is wrong.
_RECONCILE_INTERVAL = 30.0
_RETRY_INTERVAL = 3.0
# While the kernel does not tell of changed firewall rules: they are looked at this often, as by
# flannel (pkg/trafficmngr/iptables).
_FIREWALL_INTERVAL = 5.0
# Seconds for a burst of events to end, and from one look to the next while they go on: a busy
# Docker host changes links and rules all the time.
_SETTLE = 0.05
_LEAST_INTERVAL = 0.25
# Seconds after which systemd may start Docker although the overlay is not ready.
_READY_GRACE = 20.0


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
    _log.info("stopped; the overlay goes on as it is")
    return 0


class AgentError(WeftError):
    """The agent cannot go on; a new process may."""


class Agent:
    """Ties the threads that speak with the store to the reconciler of the host."""

    def __init__(
        self, settings: Settings, netlink: Netlink, store: StoreClient, snapshot: Path, status: Path
    ) -> None:
        self._snapshot = snapshot
        self._status = status
        self._snapshot_due = False
        self._lease_problem: str | None = None
        self._stopping = False
        self._ready = False
        self._ready_at_the_latest = time.monotonic() + _READY_GRACE
        self._woken, self._waker = socket.socketpair()
        for end in (self._woken, self._waker):
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
        bells = [*events.open_event_sockets(), self._woken]
        try:
            with selectors.DefaultSelector() as selector:
                for bell in bells:
                    selector.register(bell, selectors.EVENT_READ)
                self._loop(selector, bells)
        finally:
            notify.notify("STOPPING=1")
            self._lease_watcher.stop()
            self._lease_manager.stop()
            self._endpoint.close()
            for bell in (*bells, self._waker):
                bell.close()

    def _loop(self, selector: selectors.DefaultSelector, bells: list[socket.socket]) -> None:
        watchdog = notify.watchdog_interval()
        longest_pause = watchdog / 3 if watchdog else self._interval
        due = looked = time.monotonic()
        while not self._stopping:
            pause = min(longest_pause, due - time.monotonic())
            rung = bool(selector.select(max(0.0, pause)))
            if rung:
                time.sleep(max(_SETTLE, looked + _LEAST_INTERVAL - time.monotonic()))
                for bell in bells:
                    events.drain(bell)
            self._check_threads()
            notify.notify("WATCHDOG=1")
            if (rung or time.monotonic() >= due) and not self._stopping:
                healthy = self._reconcile()
                looked = time.monotonic()
                due = looked + (self._interval if healthy else _RETRY_INTERVAL)

    def _check_threads(self) -> None:
        """Without one of them, all would seem well while nothing follows the store any more."""
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
            self._reconciler.status(view, self._lease_watcher.problem, self._lease_problem),
            metrics=self._endpoint.state,
            certificate_expiry=self._certificate_expiry(),
        )
        self._passes += 1
        plan, ended = self._reconciler.plan, time.monotonic()
        self._endpoint.tell(Report(status, plan, time.time(), ended - begun, self._passes, ended))
        try:
            write_status(self._status, status)
        except OSError as error:
            _log.warning("cannot write %s: %s", self._status, error.strerror)
        self._tell_systemd(status)
        return status.ready

    def _certificate_expiry(self) -> float | None:
        """Read in each pass: a renewed certificate needs no restart."""
        # One that cannot be read is the store's problem, which names it.
        with contextlib.suppress(CertificateError):
            return store_certificate_expiry(self._store_settings)
        return None

    def _tell_systemd(self, status: Status) -> None:
        notify.notify(f"STATUS={status.summary()}")
        if self._ready:
            return
        late = time.monotonic() > self._ready_at_the_latest
        if status.ready or late:
            if late and not status.ready:
                _log.warning("going on although the overlay is not ready: %s", status.summary())
            self._ready = True
            notify.notify("READY=1")

    def _save_snapshot(self, view: LeaseView) -> None:
        """Save the view for a start while etcd is unreachable. A failure is logged."""
        if view.stale:
            return
        try:
            save_view(self._snapshot, view)
        except OSError as error:
            self._snapshot_due = True
            _log.warning("cannot write the snapshot file %s: %s", self._snapshot, error.strerror)

    def _on_view_update(self) -> None:
        self._snapshot_due = True
        self._wake()

    def _on_lease_problem(self, problem: str | None) -> None:
        if problem != self._lease_problem:
            self._lease_problem = problem
            if problem:
                _log.warning("%s", problem)
            self._wake()

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping = True
        self._wake()

    def _wake(self) -> None:
        # A full buffer means that it is awake already, a closed socket that it has ended.
        with contextlib.suppress(OSError):
            self._waker.send(b"\0")


def _interval_of(settings: Settings) -> float:
    """Seconds between two looks while nothing is heard of."""
    try:
        heard = not settings.firewall or iptables.has_change_events()
    except iptables.FirewallError:
        heard = False  # the first pass says what is wrong
    return _RECONCILE_INTERVAL if heard else _FIREWALL_INTERVAL


def _log_end_of_thread(end: threading.ExceptHookArgs) -> None:
    name = end.thread.name if end.thread else "thread"
    _log.critical("the %s has ended", name, exc_info=end.exc_value)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="weftd agent", description="Watch the store and keep this host's overlay as it says."
    )
    parser.add_argument("--config", type=Path, default=SETTINGS_PATH, help="settings (JSON)")
    parser.add_argument("--snapshot", type=Path, default=SNAPSHOT_PATH, help="last known leases")
    parser.add_argument("--status", type=Path, default=STATUS_PATH, help="what weftctl reads")
    parser.add_argument("--verbose", action="store_true", help="log what is not news, too")
    return parser
