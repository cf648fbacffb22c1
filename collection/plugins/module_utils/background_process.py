# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A process that a module leaves behind when it ends."""

from __future__ import annotations

import os
from collections.abc import Callable


def run_in_background(work: Callable[[], object]) -> None:
    """Call ``work`` in a process of its own; the caller goes on at once.

    The process is a daemon (double fork) without the caller's standard file descriptors, so that
    Ansible does not wait for it. Other open files are open in both processes.
    """
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return
    os.setsid()
    if os.fork():
        os._exit(0)
    try:
        os.chdir("/")
        null = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(null, descriptor)
        work()
    finally:
        os._exit(0)
