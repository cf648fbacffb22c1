# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A page of the documentation as the steps that its reader takes.

A fenced block of `console` holds commands, each behind a `$ `, and what they print; a block whose
first line is `# ~/PATH` is the content of that file.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass

_BLOCK = re.compile(r"^```(?P<language>\w+)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"# ~/(?P<path>\S+)\n(?P<content>.*)", re.DOTALL)
_COMMAND = re.compile(r"^\$ (?P<command>(?:.*\\\n)*.*)$", re.MULTILINE)
_MARK = "\x1e"


@dataclass(frozen=True, slots=True)
class Step:
    """One command of the page, in the syntax of the shell, and the line that shows it."""

    shown: str
    command: str


def steps(page: str) -> list[Step]:
    """The commands and files of a page, in order."""
    found: list[Step] = []
    for block in _BLOCK.finditer(page):
        if block["language"] == "console":
            found += [
                Step(match["command"].partition("\n")[0], match["command"])
                for match in _COMMAND.finditer(block["body"])
            ]
        elif match := _FILE.fullmatch(block["body"]):
            target = f'"$HOME"/{shlex.quote(match["path"])}'
            content = shlex.quote(match["content"].rstrip("\n"))
            found.append(Step(f"# ~/{match['path']}", f"printf '%s\\n' {content} >{target}"))
    return found


def script(found: list[Step]) -> str:
    """A script for bash that takes all steps in one shell, and ends at the first that fails."""
    lines = ["exec </dev/null 2>&1", "set -eo pipefail"]
    for step in found:
        lines += [f"printf '{_MARK}%s\\n' {shlex.quote(step.shown)}", step.command]
    return "\n".join([*lines, ""])


def outputs(printed: str) -> list[tuple[str, str]]:
    """Of what the script printed, each step as the page shows it, and what it printed."""
    parts = printed.split(_MARK)[1:]
    return [(shown, output) for shown, _, output in (part.partition("\n") for part in parts)]
