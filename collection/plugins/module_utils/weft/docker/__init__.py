# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Docker's default bridge: where its settings are kept, and what the host makes of them."""

from . import (
    addresses,
    bridge,
    carrier,
    conflicts,
    containers,
    daemon_json,
    drop_in,
    engine,
    errors,
    fallback,
    interruption,
    invocation,
    own_address,
    ownership,
    restart,
    service,
    settings,
    text_files,
    unit,
)

__all__ = [
    "addresses",
    "bridge",
    "carrier",
    "conflicts",
    "containers",
    "daemon_json",
    "drop_in",
    "engine",
    "errors",
    "fallback",
    "interruption",
    "invocation",
    "own_address",
    "ownership",
    "restart",
    "service",
    "settings",
    "text_files",
    "unit",
]
