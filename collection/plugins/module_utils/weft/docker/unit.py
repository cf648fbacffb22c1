# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parses the parts of a systemd unit that determine dockerd's command line.

Syntax: systemd.syntax(7); assignments that accumulate and are reset by an empty value:
systemd.service(5), ``ExecStart=``, and systemd.exec(5), ``EnvironmentFile=``.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class UnitFile:
    """A unit's own file or one of its drop-ins, with its text."""

    path: Path
    text: str


@dataclass(frozen=True, slots=True)
class Assignment:
    """A value and the file that sets it."""

    path: Path
    value: str


@dataclass(frozen=True, slots=True)
class Variable:
    """An environment variable of the service and the file that sets it."""

    path: Path
    name: str
    value: str


_CONTINUATION = re.compile(r"\\\n(?:[ \t]*[#;][^\n]*\n)*")
_ENVIRONMENT_LINE = re.compile(r"^\s*([A-Za-z_]\w*)=(.*)$")


def assignments(files: Sequence[UnitFile], name: str) -> list[Assignment]:
    """Return the values of ``name`` in ``[Service]``; in the order systemd reads ``files``.

    An empty value resets the list.
    """
    found: list[Assignment] = []
    for file in files:
        for value in _values(file.text, name):
            if value:
                found.append(Assignment(file.path, value))
            else:
                found.clear()
    return found


def _values(text: str, name: str) -> Iterator[str]:
    section = ""
    for line in _lines(text):
        if line.startswith("["):
            section = line
        elif section == "[Service]":
            key, equals, value = line.partition("=")
            if equals and key.rstrip() == name:
                yield value.strip()


def _lines(text: str) -> Iterator[str]:
    for line in _CONTINUATION.sub(" ", text).split("\n"):
        stripped = line.strip()
        if stripped and stripped[0] not in "#;":
            yield stripped


def command_line(files: Sequence[UnitFile]) -> Assignment | None:
    """Return the command that starts the service, or None if no file sets one."""
    commands = assignments(files, "ExecStart")
    return commands[-1] if commands else None


def environment_paths(files: Sequence[UnitFile]) -> list[Path]:
    """Return the environment files of the service, without the prefix of an optional one."""
    return [Path(entry.value.removeprefix("-")) for entry in assignments(files, "EnvironmentFile")]


def unit_variables(files: Sequence[UnitFile]) -> list[Variable]:
    """Return the variables that the unit itself sets by ``Environment=``."""
    return [
        Variable(entry.path, name, value)
        for entry in assignments(files, "Environment")
        for name, equals, value in (word.partition("=") for word in split_words(entry.value))
        if equals
    ]


def file_variables(path: Path, text: str) -> list[Variable]:
    """Return the variables of an environment file; each value may be quoted."""
    return [
        Variable(path, match[1], " ".join(split_words(match[2])))
        for line in _lines(text)
        if (match := _ENVIRONMENT_LINE.match(line))
    ]


def split_words(text: str) -> list[str]:
    """Split as systemd does and remove quotes; a text with an open quote is split at blanks."""
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()
