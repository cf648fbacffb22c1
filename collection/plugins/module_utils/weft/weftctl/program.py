# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The program weftctl: its command line, and the command that runs.

Only the command that runs is imported: `weftctl status` does not load gRPC and pyroute2.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Collection, Mapping
from types import ModuleType

from ..system.release import running_release
from .paths import HostPaths
from .terminal import process_terminal

_COMPLETION = "completion"

COMMANDS: Mapping[str, str] = {
    "status": "show the agent, the datapath and the peers",
    "leases": "list the subnet of each host",
    "peers": "list the other hosts, with their packets, last packet and drops",
    "trace": "show the path of a packet, and the step that stops it",
    "doctor": "find problems on this host, and their fixes",
    _COMPLETION: "print the completion script of a shell",
}
"""The commands and their help."""


def build_parser(commands: Collection[str] = tuple(COMMANDS)) -> argparse.ArgumentParser:
    """Return the parser; it has the arguments of the given commands, which are imported."""
    parser = argparse.ArgumentParser(
        prog="weftctl", description="Show and check the overlay network on this host."
    )
    parser.add_argument(
        "--version", action="version", version=running_release(), help="show the daemon's release"
    )
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, text in COMMANDS.items():
        subparser = subparsers.add_parser(name, help=text)
        if name != _COMPLETION:
            subparser.add_argument("--json", action="store_true", help="print JSON")
        if name in commands:
            _load(name).add_arguments(subparser)
    return parser


def main(arguments: list[str] | None = None, paths: HostPaths | None = None) -> int:
    """Run a command; return its exit status: 0 is success, 1 a problem that the output names."""
    given = sys.argv[1:] if arguments is None else arguments
    options = build_parser(given).parse_args(given)
    command, terminal = _load(options.command), process_terminal()
    if options.command == _COMPLETION:
        status: int = command.run(options.shell, build_parser(), terminal)
    else:
        status = command.run(options, paths or HostPaths(), terminal)
    return status


def _load(name: str) -> ModuleType:
    match name:
        case "status":
            from .commands import status  # noqa: PLC0415 - a command imports its libraries

            return status
        case "leases":
            from .commands import leases  # noqa: PLC0415 - gRPC

            return leases
        case "peers":
            from .commands import peers  # noqa: PLC0415 - gRPC, pyroute2

            return peers
        case "trace":
            from .commands import trace  # noqa: PLC0415 - gRPC, pyroute2

            return trace
        case "doctor":
            from .commands import doctor  # noqa: PLC0415 - gRPC, pyroute2

            return doctor
        case _:
            from .commands import completion  # noqa: PLC0415 - no other command needs it

            return completion
