# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`weftd datapath`: the process that carries the packets of udp and vxlan."""

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
from .control import DEFAULT_PATH
from .control_sockets import Doors
from .engine import Engine
from .handover import Handover, HandoverError
from .loop import EventLoop
from .state import TableFile
from .successor import handed_over, in_background

_log = logging.getLogger(__name__)

DEFAULT_STATE = Path("/run/weft/datapath.json")


def run(arguments: list[str]) -> int:
    """Run until SIGTERM or SIGINT, or until a successor carries on; return the exit status.

    With `--take-over` it returns as soon as a process in the background has taken over.
    """
    options = _parser().parse_args(arguments)
    logs.configure(verbose=options.verbose)
    if options.take_over:
        return in_background(lambda taken: _run(options.control, options.state, taken))
    return _run(options.control, options.state)


def _run(control: Path, state: Path, taken: Callable[[], None] | None = None) -> int:
    """Start, or else take over and call `taken`; then carry."""
    loop = EventLoop()
    stop_on_signals(loop)
    engine = Engine(loop, TableFile(state))
    try:
        if taken is None:
            doors = _start(loop, engine, control)
        else:
            doors = _take_over(loop, engine, control)
            taken()
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
        doors.close()
        engine.close()
        loop.close()
    if not doors.handed_over:
        _log.info("stopped; the device stays, with its routes")
    return 0


def _start(loop: EventLoop, engine: Engine, control: Path) -> Doors:
    # First, so that a datapath that runs is not disturbed by a second one.
    doors = Doors(loop, engine, control)
    engine.prepare()
    engine.start()
    doors.tell()
    notify.notify("READY=1")
    _settle()
    return doors


def _take_over(loop: EventLoop, engine: Engine, control: Path) -> Doors:
    """Let the process that runs leave off, after all that takes time. Raises HandoverError."""
    engine.prepare()
    _settle()
    engine.expect()
    with handed_over(Doors.successors_path(control)) as handover:
        _inherit(engine, handover)
        os.environ.update(handover.environment)
        return Doors(loop, engine, control, handover)


def _inherit(engine: Engine, handover: Handover) -> None:
    try:
        engine.inherit(handover.engine)
    except (ValueError, KeyError, TypeError) as error:
        raise HandoverError(f"what it hands over is not understood: {error}") from error
    if handover.engine.device and not engine.forwarding:
        raise HandoverError("the queues cannot be carried here")


def _settle() -> None:
    """Keep the collector from walking again what is alive now, and stays so."""
    gc.collect()
    gc.freeze()


def _feed_watchdog() -> None:
    notify.notify("WATCHDOG=1")


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
        # A second signal would be written to whatever has the number by then.
        signal.set_wakeup_fd(-1)
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
    parser.add_argument(
        "--take-over",
        action="store_true",
        help="carry on, in the background, where the process that runs at the control socket "
        "leaves off, without a lost packet; where that fails, it goes on, and this exits with 1",
    )
    parser.add_argument("--verbose", action="store_true", help="log debugging lines too")
    return parser
