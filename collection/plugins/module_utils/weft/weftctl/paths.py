# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files and sockets of the host that weftctl reads."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..datapath.process.client import DEFAULT_PATH as CONTROL_PATH
from ..host.paths import SETTINGS_PATH, SNAPSHOT_PATH, STATUS_PATH


@dataclass(frozen=True, slots=True)
class HostPaths:
    """The files of a host and the control socket of the datapath.

    `written` are the folders in which weftd and, if it runs here, etcd write. `units` are the
    directories of systemd units, None for the system manager's load path.
    """

    settings: Path = SETTINGS_PATH
    status: Path = STATUS_PATH
    snapshot: Path = SNAPSHOT_PATH
    control: Path = CONTROL_PATH
    docker_config: Path = Path("/etc/docker/daemon.json")
    written: tuple[Path, ...] = (SNAPSHOT_PATH.parent, STATUS_PATH.parent, Path("/var/lib/etcd"))
    units: tuple[Path, ...] | None = None
