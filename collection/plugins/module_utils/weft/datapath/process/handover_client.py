# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The new process's side of a handover: requests the state, and replaces the old process."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from .handover import DONE, READY, REQUEST, Handover, HandoverError, receive_handover

# Seconds: the old process waits for workers that hang (`worker.ANSWER_TIMEOUT`) before it answers.
TIMEOUT = 30.0


@contextmanager
def request_handover(path: Path) -> Iterator[Handover]:
    """Request a handover at `path`; the old process exits when the block ends without an error.

    The block prepares everything and forwards nothing yet. Raises HandoverError. If the block
    raises, the old process continues to forward.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(TIMEOUT)
        try:
            connection.connect(str(path))
            connection.sendall(REQUEST)
        except OSError as error:
            raise HandoverError(
                f"{path}: {error.strerror or error}; no running datapath accepts a handover "
                "there: run `systemctl restart weft-datapath`"
            ) from error
        handover = receive_handover(connection)
        yield handover
        try:
            connection.sendall(READY)
            answer = connection.recv(len(DONE))
        except OSError as error:
            raise HandoverError(f"the old process did not answer: {error}") from error
        if answer != DONE:
            raise HandoverError("the old process resumed before this process was ready")


def run_in_background(serve: Callable[[Callable[[], None]], int]) -> int:
    """Run `serve` in a process of its own; return 0 once it calls its argument, 1 if it ends first.

    `serve` returns the exit status of that process.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        # The second fork makes the process a child of init, that is of systemd, which can then
        # wait for it as the unit's main process (`MAINPID=`, sd_notify(3)).
        if os.fork():
            os._exit(0)
        os.close(reader)

        def report_ready() -> None:
            os.write(writer, b"1")
            os.close(writer)

        raise SystemExit(serve(report_ready))
    os.close(writer)
    os.waitpid(child, 0)
    try:
        return 0 if os.read(reader, 1) else 1
    finally:
        os.close(reader)
