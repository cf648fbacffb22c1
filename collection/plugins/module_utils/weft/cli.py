# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The programs of the zip application, weftd and weftctl; the module `daemon` ships their imports.

Each process imports its modules when it runs: without the agent's libraries the datapath starts in
an eighth of the time, most of the time in which packets are lost after a crash.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import PurePath

from .system.release import running_release


def _agent(options: list[str]) -> int:
    from .agent import daemon  # noqa: PLC0415

    return daemon.run(options)


def _datapath(options: list[str]) -> int:
    from .datapath.process import main  # noqa: PLC0415

    return main.run(options)


_PROCESSES = {"agent": _agent, "datapath": _datapath}


def weftd_main(arguments: list[str] | None = None) -> int:
    """Run one of the daemon's two processes; return its exit status."""
    parser = argparse.ArgumentParser(
        prog="weftd",
        description="The overlay daemon: 'agent' watches etcd and configures this host, "
        "'datapath' forwards the packets of the userspace backends.",
        epilog="'weftd agent --help' and 'weftd datapath --help' list the options of each.",
    )
    parser.add_argument("--version", action="version", version=running_release())
    parser.add_argument("process", choices=sorted(_PROCESSES))
    parser.add_argument("options", nargs=argparse.REMAINDER, help="options of the process")
    chosen = parser.parse_args(arguments)
    return _PROCESSES[chosen.process](chosen.options)


def weftctl_main(arguments: list[str] | None = None) -> int:
    """Run a command of weftctl; return the exit status, 0 without problems."""
    from .weftctl.program import main  # noqa: PLC0415

    return main(arguments)


PROGRAMS = {"weftd": weftd_main, "weftctl": weftctl_main}


def main() -> int:
    """Run the program that the command line selects, and return its exit status.

    The program is the name by which the application was started, or else its first argument.
    """
    if PurePath(sys.argv[0]).name not in PROGRAMS and sys.argv[1:2] and sys.argv[1] in PROGRAMS:
        del sys.argv[0]
    program = PROGRAMS.get(PurePath(sys.argv[0]).name)
    if program is None:
        sys.stderr.write(f"usage: {sys.argv[0]} {{{','.join(PROGRAMS)}}} ...\n")
        return 2
    return program()
