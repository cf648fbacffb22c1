# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`weftd datapath`: the process that carries the packets of udp and vxlan."""

from __future__ import annotations

import argparse
import gc
import logging
import signal
import socket
from pathlib import Path

from .. import logs, notify
from .commands import Commands
from .control import DEFAULT_PATH, ControlError, ControlServer
from .engine import Engine
from .loop import EventLoop
from .state import TableFile

_log = logging.getLogger(__name__)

DEFAULT_STATE = Path("/run/weft/datapath.json")


def run(arguments: list[str]) -> int:
    """Run until SIGTERM or SIGINT; return the exit status."""
    options = _parser().parse_args(arguments)
    logs.configure(verbose=options.verbose)
    loop = EventLoop()
    stop_on_signals(loop)
    engine = Engine(loop, TableFile(options.state))

    def tell() -> None:
        notify.notify(f"STATUS={engine.summary()}")

    def feed_watchdog() -> None:
        notify.notify("WATCHDOG=1")

    try:
        server = ControlServer(loop, options.control, Commands(engine, tell).handle)
    except ControlError as error:
        _log.error("cannot start: %s", error.strerror)
        return 1
    engine.start()
    watchdog = notify.watchdog_interval()
    if watchdog is not None:
        loop.every(watchdog / 2, feed_watchdog)
    tell()
    notify.notify("READY=1")
    # What is alive now stays so: the collector need not walk it again.
    gc.collect()
    gc.freeze()
    try:
        loop.run()
    finally:
        notify.notify("STOPPING=1")
        server.close()
        engine.close()
        loop.close()
    _log.info("stopped; the device stays, with its routes")
    return 0


def stop_on_signals(loop: EventLoop) -> None:
    """End `loop` on SIGTERM and SIGINT, through a socket that wakes it."""
    woken, waker = socket.socketpair()
    woken.setblocking(False)
    waker.setblocking(False)
    signal.set_wakeup_fd(waker.fileno())

    def ignore(_number: int, _frame: object) -> None:
        """Do nothing: the handler is there so that the number is written to the wakeup socket."""

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, ignore)

    def stop(_events: int) -> None:
        woken.recv(16)
        waker.close()
        loop.stop()

    loop.watch(woken.fileno(), stop)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="weftd datapath",
        description="Carry the packets of udp and vxlan, by the table that the agent applies.",
    )
    parser.add_argument(
        "--control", type=Path, default=DEFAULT_PATH, help="control socket (%(default)s)"
    )
    parser.add_argument(
        "--state", type=Path, default=DEFAULT_STATE, help="last applied table (%(default)s)"
    )
    parser.add_argument("--verbose", action="store_true", help="log debugging lines too")
    return parser
