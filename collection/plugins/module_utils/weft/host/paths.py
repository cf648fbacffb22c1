# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Default paths of the files that the agent and weftctl share."""

from __future__ import annotations

from pathlib import Path

SETTINGS_PATH = Path("/etc/weft/weftd.json")
STATUS_PATH = Path("/run/weft/status.json")
SNAPSHOT_PATH = Path("/var/lib/weft/snapshot.json")
