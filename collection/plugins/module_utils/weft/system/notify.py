# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages to systemd (sd_notify(3), sd_watchdog_enabled(3)), without its library."""

from __future__ import annotations

import os
import socket


def notify(*assignments: str, timeout: float = 0.0) -> bool:
    """Send assignments such as `READY=1` to the service manager, if there is one.

    Returns whether they were sent. Raises nothing, since a service must run without a manager, too.
    Blocks for at most `timeout` seconds if the queue of the manager is full.
    """
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return False
    if address.startswith("@"):
        address = "\0" + address[1:]
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.settimeout(timeout)
            manager.sendto("\n".join(assignments).encode(), address)
    except OSError:
        return False
    return True


def watchdog_interval() -> float | None:
    """Return the seconds within which `WATCHDOG=1` is due, or None without a watchdog."""
    microseconds = os.environ.get("WATCHDOG_USEC", "")
    process = os.environ.get("WATCHDOG_PID", str(os.getpid()))
    if not microseconds.isdecimal() or int(microseconds) == 0 or process != str(os.getpid()):
        return None
    return int(microseconds) / 1_000_000
