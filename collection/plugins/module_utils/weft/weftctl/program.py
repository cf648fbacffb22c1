# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The program weftctl: its commands, and the parser that they make."""

from __future__ import annotations

import argparse

from ..system.release import running_release
from .command import Command
from .commands import doctor, leases, peers, status, trace
from .completion import SHELLS, grammar_of
from .places import Places
from .screen import Screen, screen_of_this_process


def build_parser() -> argparse.ArgumentParser:
    """The parser of the whole command line."""
    parser = argparse.ArgumentParser(prog="weftctl", description="Ask this host's overlay.")
    parser.add_argument(
        "--version", action="version", version=running_release(), help="show the daemon's release"
    )
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in COMMANDS:
        subparser = subparsers.add_parser(command.name, help=command.help)
        if command.answers_json:
            subparser.add_argument("--json", action="store_true", help="print JSON")
        command.add_arguments(subparser)
    return parser


def main(arguments: list[str] | None = None, places: Places | None = None) -> int:
    """Answer one question of the operator's; 0 is well, others are as `Command` says."""
    options = build_parser().parse_args(arguments)
    command = next(command for command in COMMANDS if command.name == options.command)
    return command.run(options, places or Places(), screen_of_this_process())


def _complete(options: argparse.Namespace, _places: Places, screen: Screen) -> int:
    screen.say(SHELLS[options.shell](grammar_of(build_parser())))
    return 0


def _add_shell(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", choices=sorted(SHELLS), help="the shell to complete in")


COMMANDS: tuple[Command, ...] = (
    status.COMMAND,
    leases.COMMAND,
    peers.COMMAND,
    trace.COMMAND,
    doctor.COMMAND,
    Command(
        "completion",
        "the completion of this program, for a shell to read",
        _complete,
        _add_shell,
        answers_json=False,
    ),
)
