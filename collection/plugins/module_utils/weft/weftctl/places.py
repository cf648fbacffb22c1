# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where weftctl finds what the daemon and Docker say."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..datapath.process.control import DEFAULT_PATH as DEFAULT_CONTROL
from ..docker.invocation import LOAD_PATH
from ..host.paths import SETTINGS_PATH, SNAPSHOT_PATH, STATUS_PATH


@dataclass(frozen=True, slots=True)
class Places:
    """The files of a host and the datapath's socket; units is where systemd looks for units."""

    settings: Path = SETTINGS_PATH
    status: Path = STATUS_PATH
    snapshot: Path = SNAPSHOT_PATH
    control: Path = DEFAULT_CONTROL
    docker_config: Path = Path("/etc/docker/daemon.json")
    units: tuple[Path, ...] = LOAD_PATH
