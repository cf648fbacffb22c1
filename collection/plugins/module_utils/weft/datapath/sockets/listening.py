# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Listening Unix sockets whose file has its mode from the start."""

from __future__ import annotations

import errno
import os
import socket
from pathlib import Path

from ...errors import WeftError

BACKLOG = 128  # connections not yet accepted; beyond it a connect fails at once


class ListenError(WeftError, OSError):
    """A Unix socket cannot be opened; the message has its path, the reason and the fix."""


def listen(path: Path, mode: int) -> socket.socket:
    """Return a socket that listens at `path`, instead of a dead process's. Raises ListenError."""
    if _is_in_use(path):
        raise ListenError(errno.EADDRINUSE, f"{path}: another datapath is listening there; stop it")
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    try:
        path.unlink(missing_ok=True)
        # By umask, so that the file never has another mode, as before a chmod.
        umask = os.umask(0o777 & ~mode)
        try:
            listener.bind(str(path))
        finally:
            os.umask(umask)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise ListenError(
            error.errno,
            f"{path}: {error.strerror}; its directory must exist and be writable",
        ) from error
    return listener


def _is_in_use(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            # Missing, dead, or not permitted: the bind fails with the reason.
            return False
        return True
