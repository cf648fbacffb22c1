# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Locks between lab commands that run at the same time."""

from __future__ import annotations

import fcntl
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def held(path: Path, waiting_for: str | None = None) -> Iterator[None]:
    """Hold a lock file, waiting while another process holds it; the file is gone afterwards.

    What may take long is worth a line to the user, who then reads what is waited for.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = _acquire(path, waiting_for)
    try:
        yield
    finally:
        path.unlink()
        os.close(descriptor)


def _acquire(path: Path, waiting_for: str | None) -> int:
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if waiting_for is not None:
                print(f"waiting for {waiting_for}", file=sys.stderr)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        # Its holder before us may have removed the file: then another process can lock a new one.
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(descriptor), path.stat()):
                return descriptor
        os.close(descriptor)
