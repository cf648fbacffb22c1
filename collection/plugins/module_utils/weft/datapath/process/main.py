# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`weftd datapath`: the userspace datapath of the backends udp and vxlan, a process of its own."""

from __future__ import annotations

import argparse
import gc
import logging
import os
import signal
import socket
from collections.abc import Callable
from pathlib import Path

from ...system import logs, notify
from ..sockets.listening import ListenError
from .client import DEFAULT_PATH
from .control_sockets import ControlSockets
from .engine import Engine
from .handover import Handover, HandoverError
from .handover_client import request_handover, run_in_background
from .loop import EventLoop
from .table_file import TableFile

_log = logging.getLogger(__name__)

DEFAULT_STATE = Path("/run/weft/datapath.json")


def run(arguments: list[str]) -> int:
    """Run until SIGTERM, SIGINT or a handover to a new process; return the exit status.

    With `--take-over`, return as soon as a process in the background has taken over.
    """
    options = _parser().parse_args(arguments)
    logs.configure(verbose=options.verbose)
    if options.take_over:
        return run_in_background(lambda on_taken: _run(options.control, options.state, on_taken))
    return _run(options.control, options.state)


def _run(control: Path, state: Path, on_taken: Callable[[], None] | None = None) -> int:
    """Start, or take over and call `on_taken`; then forward packets until the loop ends."""
    loop = EventLoop()
    stop_on_signals(loop)
    engine = Engine(loop, TableFile(state))
    try:
        if on_taken is None:
            sockets = _start(loop, engine, control)
        else:
            sockets = _take_over(loop, engine, control)
            on_taken()
    except ListenError as error:
        _log.error("cannot start: %s", error.strerror)
        return 1
    except HandoverError as error:
        _log.error("cannot take over: %s", error)
        return 1
    watchdog = notify.watchdog_interval()
    if watchdog is not None:
        loop.every(watchdog / 2, _feed_watchdog)
    try:
        loop.run()
    finally:
        sockets.close()
        engine.close()
        loop.close()
    if not sockets.handed_over:
        _log.info("stopped; the device and its routes stay")
    return 0


def _start(loop: EventLoop, engine: Engine, control: Path) -> ControlSockets:
    # First: if another datapath is running, this fails before anything is changed.
    sockets = ControlSockets(loop, engine, control)
    engine.prepare()
    engine.start()
    sockets.report_status()
    notify.notify("READY=1")
    _freeze_heap()
    return sockets


def _take_over(loop: EventLoop, engine: Engine, control: Path) -> ControlSockets:
    """Replace the running process; slow preparations come first. Raises HandoverError."""
    engine.prepare()
    _freeze_heap()
    engine.prepare_workers()
    with request_handover(ControlSockets.handover_path(control)) as handover:
        _take_over_engine(engine, handover)
        os.environ.update(handover.environment)
        return ControlSockets(loop, engine, control, handover)


def _take_over_engine(engine: Engine, handover: Handover) -> None:
    try:
        engine.take_over(handover.engine)
    except (ValueError, KeyError, TypeError) as error:
        raise HandoverError(f"cannot use the handed-over state: {error}") from error
    if handover.engine.device and not engine.forwarding:
        raise HandoverError("the handed-over queues cannot be forwarded; the log has the reason")


def _freeze_heap() -> None:
    """Exclude all objects alive now from garbage collection, which would delay packets."""
    gc.collect()
    gc.freeze()


def _feed_watchdog() -> None:
    notify.notify("WATCHDOG=1")


def stop_on_signals(loop: EventLoop) -> None:
    """Stop `loop` on SIGTERM and SIGINT, by a wakeup socket that the loop watches."""
    woken, waker = socket.socketpair()
    woken.setblocking(False)
    waker.setblocking(False)
    signal.set_wakeup_fd(waker.fileno())

    def ignore(_number: int, _frame: object) -> None:
        """Do nothing: Python writes to the wakeup socket only for a signal that has a handler."""

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, ignore)

    def stop(_events: int) -> None:
        woken.recv(16)
        # A second signal would be written to whichever file has the descriptor by then.
        signal.set_wakeup_fd(-1)
        waker.close()
        loop.stop()

    loop.watch(woken.fileno(), stop)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="weftd datapath",
        description="Forward the packets of udp and vxlan by the table that the agent applies.",
    )
    parser.add_argument(
        "--control", type=Path, default=DEFAULT_PATH, help="control socket (%(default)s)"
    )
    parser.add_argument(
        "--state", type=Path, default=DEFAULT_STATE, help="last applied table (%(default)s)"
    )
    parser.add_argument(
        "--take-over",
        action="store_true",
        help="take over sockets and state from the running process, without losing a packet, and "
        "run in the background; on failure the running process continues, and this exits with 1",
    )
    parser.add_argument("--verbose", action="store_true", help="log debug messages too")
    return parser
