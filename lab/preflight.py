# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What this machine must have before a lab can be made on it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from lab.errors import LabError

# program: the Debian package that brings it
_PROGRAMS = {
    "systemd-nspawn": "systemd-container",
    "debootstrap": "debootstrap",
    "ip": "iproute2",
    "ssh": "openssh-client",
    "ssh-keygen": "openssh-client",
    "unshare": "util-linux",
    "dpkg-deb": "dpkg",
}


def require_root() -> None:
    """Raise LabError unless the caller is root."""
    if os.geteuid() != 0:
        raise LabError("the lab makes namespaces, mounts and a bridge: run it as root")


def check() -> None:
    """Raise LabError for the first thing that is missing, naming what brings it."""
    require_root()
    for program, package in _PROGRAMS.items():
        if shutil.which(program) is None:
            raise LabError(f"{program} is missing; run: apt-get install {package}")
    if not Path("/dev/net/tun").is_char_device():
        raise LabError(
            "/dev/net/tun is missing, so the kernel has no tun(4); run: modprobe tun, "
            "or give this machine a kernel with CONFIG_TUN"
        )
