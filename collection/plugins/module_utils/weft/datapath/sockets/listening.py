# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Unix sockets at a path, with a mode that holds from the first moment on."""

from __future__ import annotations

import errno
import os
import socket
from pathlib import Path

from ...errors import WeftError

BACKLOG = 128  # connections not yet accepted; beyond it a connect fails at once


class ListenError(WeftError, OSError):
    """The socket cannot be listened on; the message names it, the reason and the next step."""


def listen(path: Path, mode: int) -> socket.socket:
    """Listen at `path`, in the place of a socket that a dead process left. Raises ListenError."""
    if _is_served(path):
        raise ListenError(errno.EADDRINUSE, f"{path}: another datapath answers there; stop it")
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    try:
        path.unlink(missing_ok=True)
        # The mode holds from the first moment on, not only after a chmod.
        umask = os.umask(0o777 & ~mode)
        try:
            listener.bind(str(path))
        finally:
            os.umask(umask)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise ListenError(
            error.errno, f"{path}: {error.strerror}; its directory must exist and be ours to write"
        ) from error
    return listener


def _is_served(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            # Not there, not listening, not ours: binding says which.
            return False
        return True
