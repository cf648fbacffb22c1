# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands weftd and weftctl; the module `daemon` ships what this file imports."""

from __future__ import annotations

import argparse

from .agent import daemon as agent_daemon
from .datapath import process as datapath_process
from .release.running import running_release
from .weftctl.program import main as weftctl_main

__all__ = ["weftctl_main", "weftd_main"]

_PROCESSES = {"agent": agent_daemon.run, "datapath": datapath_process.run}


def weftd_main(arguments: list[str] | None = None) -> int:
    """Run one of the daemon's two processes; return its exit status."""
    parser = argparse.ArgumentParser(
        prog="weftd",
        description="The overlay daemon: 'agent' watches the store and keeps the host as it says, "
        "'datapath' carries the packets of the userspace backends.",
        epilog="'weftd agent --help' and 'weftd datapath --help' list the options of each.",
    )
    parser.add_argument("--version", action="version", version=running_release())
    parser.add_argument("process", choices=sorted(_PROCESSES))
    parser.add_argument("options", nargs=argparse.REMAINDER, help="options of the process")
    chosen = parser.parse_args(arguments)
    return _PROCESSES[chosen.process](chosen.options)
