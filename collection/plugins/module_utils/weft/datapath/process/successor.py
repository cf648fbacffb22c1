# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The end of a hand-over that takes: it asks the running process, and carries on in its place."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from .handover import DONE, READY, REQUEST, Handover, HandoverError, receive_handover

# Seconds: workers that hang are given their time (`worker.ANSWER_TIMEOUT`) before they are left.
TIMEOUT = 30.0


@contextmanager
def handed_over(path: Path) -> Iterator[Handover]:
    """Ask the process that listens at `path`; when the block ends well, it leaves.

    The block makes all ready, and carries nothing yet. Raises HandoverError, also where the block
    does, and then the other process goes on.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(TIMEOUT)
        try:
            connection.connect(str(path))
            connection.sendall(REQUEST)
        except OSError as error:
            raise HandoverError(
                f"{path}: {error.strerror or error}; no datapath runs that can hand over, "
                "restart it instead"
            ) from error
        handover = receive_handover(connection)
        yield handover
        try:
            connection.sendall(READY)
            answer = connection.recv(len(DONE))
        except OSError as error:
            raise HandoverError(f"the running process did not answer: {error}") from error
        if answer != DONE:
            raise HandoverError("the running process went on before this one was ready")


def in_background(serve: Callable[[Callable[[], None]], int]) -> int:
    """Run `serve` in a process of its own; return 0 once that calls back, 1 if it ends before."""
    ready, told = os.pipe()
    child = os.fork()
    if child == 0:
        # Its parent ends at once: the process belongs to init, the service manager, which can
        # wait for it then (`MAINPID=`, sd_notify(3)).
        if os.fork():
            os._exit(0)
        os.close(ready)

        def tell() -> None:
            os.write(told, b"1")
            os.close(told)

        raise SystemExit(serve(tell))
    os.close(told)
    os.waitpid(child, 0)
    try:
        return 0 if os.read(ready, 1) else 1
    finally:
        os.close(ready)
