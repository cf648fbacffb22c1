# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How systemd starts dockerd, read from the unit's files on disk.

The files apply after the next daemon-reload and restart; until then systemd may use older ones.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from .unit import (
    Assignment,
    UnitFile,
    Variable,
    command_line,
    environment_paths,
    file_variables,
    split_words,
    unit_variables,
)

LOAD_PATH = tuple(
    Path(directory)
    for directory in (
        "/etc/systemd/system.control",
        "/run/systemd/system.control",
        "/run/systemd/transient",
        "/run/systemd/generator.early",
        "/etc/systemd/system",
        "/run/systemd/system",
        "/run/systemd/generator",
        "/usr/local/lib/systemd/system",
        "/usr/lib/systemd/system",
        "/lib/systemd/system",
        "/run/systemd/generator.late",
    )
)
"""The unit load path of the system manager, by precedence (systemd.unit(5), table 1)."""

DEFAULTS_FILE = Path("/etc/default/docker")
"""Debian's file of ``DOCKER_OPTS``, read by its unit and by its init script."""

_PREFIXES = "-@:+!"  # systemd.service(5), "Command lines"
_VARIABLE = re.compile(r"\$(\w+)")  # a whole word is split, ${NAME} inside a word is not
_BRACED = re.compile(r"\$\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Invocation:
    """The command that starts dockerd, None without a unit, and the service's variables."""

    command: Assignment | None
    variables: tuple[Variable, ...]

    def words(self) -> list[str]:
        """Return the words of the command with its variables substituted, as systemd does."""
        if self.command is None:
            return []
        values = {variable.name: variable.value for variable in self.variables}
        words: list[str] = []
        for word in split_words(self.command.value.lstrip(_PREFIXES)):
            if match := _VARIABLE.fullmatch(word):
                words.extend(split_words(values.get(match[1], "")))
            else:
                words.append(_BRACED.sub(lambda braced: values.get(braced[1], ""), word))
        return words


def read_invocation(
    unit: str,
    *,
    load_path: Sequence[Path] = LOAD_PATH,
    without: Collection[Path] = (),
    defaults_file: Path = DEFAULTS_FILE,
) -> Invocation:
    """Read how the unit starts dockerd, without the drop-ins ``without``.

    If no unit has a command, the variables are those of ``defaults_file``, which the package of
    Docker reads once it is installed. Raises OSError if a file cannot be read.
    """
    files = [file for file in read_unit(unit, load_path) if file.path not in without]
    command = command_line(files)
    sources = environment_paths(files) if command else [defaults_file]
    variables = unit_variables(files)
    for path in sources:
        if path.is_file():
            variables += file_variables(path, path.read_text(errors="replace"))
    return Invocation(command, tuple(variables))


def read_unit(unit: str, load_path: Sequence[Path]) -> list[UnitFile]:
    """Read the unit's file and then its drop-ins, in the order in which systemd applies them.

    Drop-ins are sorted by name; of several with one name, the first directory's applies. The
    result is empty if the unit does not exist. Raises OSError if a file cannot be read.
    """
    fragment = next((path for d in load_path if (path := d / unit).exists()), None)
    if fragment is None:
        return []
    drop_ins: dict[str, Path] = {}
    for folder in (f"{unit}.d", f"{unit.rpartition('.')[2]}.d"):
        for directory in load_path:
            for path in (directory / folder).glob("*.conf"):
                drop_ins.setdefault(path.name, path)
    paths = [fragment, *(drop_ins[name] for name in sorted(drop_ins))]
    return [UnitFile(path, path.read_text(errors="replace")) for path in paths]
