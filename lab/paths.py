# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the lab keeps what it makes on the machine."""

from __future__ import annotations

from pathlib import Path

# The state of running labs; gone after the machine restarts, as the labs themselves are.
RUN = Path("/run/weft-lab")
# What the hosts write; as large as what is installed in them.
VAR = Path("/var/lib/weft-lab")
# Images and the SSH key; kept by ``down``.
CACHE = Path("/var/cache/weft-lab")

SSH_KEY = CACHE / "id_ed25519"


def lab_run(lab_name: str) -> Path:
    """Return the directory of a lab's state, console logs and known_hosts."""
    return RUN / lab_name


def lab_var(lab_name: str) -> Path:
    """Return the directory of what a lab's hosts write."""
    return VAR / lab_name


def host_var(lab_name: str, host_name: str) -> Path:
    """Return the directory of what one host writes."""
    return lab_var(lab_name) / host_name


def console_log(lab_name: str, host_name: str) -> Path:
    """Return the file that collects a host's console, boot after boot."""
    return lab_run(lab_name) / f"{host_name}.log"


def known_hosts(lab_name: str) -> Path:
    """Return the lab's own known_hosts file."""
    return lab_run(lab_name) / "known_hosts"
