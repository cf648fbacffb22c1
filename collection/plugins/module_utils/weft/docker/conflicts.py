# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of dockerd that are set twice, or that exclude each other.

dockerd does not start if an option is both a flag and a key of daemon.json, even with equal
values, nor if `bridge` and `bip` are both set (moby #34460).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import BridgeError
from .invocation import Invocation
from .unit import split_words

ADDRESS_POOLS = "default-address-pools"
_KEYS = ("bip", "mtu", "bridge", "fixed-cidr", "default-gateway", "ip", ADDRESS_POOLS)
# The flags of dockerd have the names of the keys, but for the short form and the singular.
_FLAG_NAMES = {
    **{f"--{key}": key for key in _KEYS if key != ADDRESS_POOLS},
    "-b": "bridge",
    "--default-address-pool": ADDRESS_POOLS,
}
_REFERENCE = re.compile(r"\$\{?(\w+)\}?")
# The variable of Debian's defaults file with options of dockerd.
_PACKAGED_VARIABLE = "DOCKER_OPTS"


class ConflictError(BridgeError):
    """An option that weft sets is also set elsewhere."""


@dataclass(frozen=True, slots=True)
class Given:
    """An option of dockerd, its value, and the file that sets it."""

    option: str
    value: str
    path: Path

    def __str__(self) -> str:
        return f"{self.option} ({self.value}) in {self.path}"


def flags_given(invocation: Invocation) -> list[Given]:
    """Return the options of the bridge that the command line and its variables set."""
    command = invocation.command
    if command is None:
        references, found = [_PACKAGED_VARIABLE], []
    else:
        references = _REFERENCE.findall(command.value)
        found = list(_flags(command.path, split_words(command.value)))
    for variable in invocation.variables:
        if variable.name in references:
            found.extend(_flags(variable.path, variable.value.split()))
    return found


def _flags(path: Path, words: Sequence[str]) -> Iterator[Given]:
    for flag, value in _flag_values(words):
        if option := _FLAG_NAMES.get(flag):
            yield Given(option, value, path)


def _flag_values(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    for word, following in zip(words, [*words[1:], ""], strict=True):
        flag, equals, value = word.partition("=")
        yield flag, value if equals else following


def keys_given(path: Path, values: Mapping[str, Any]) -> list[Given]:
    """Return the options of the bridge that daemon.json sets, each address pool for itself."""
    found = []
    for name in _KEYS:
        value = values.get(name)
        entries = value if isinstance(value, list) else [value] if name in values else []
        for entry in entries:
            shown = _pool_text(entry) if isinstance(entry, dict) else str(entry)
            found.append(Given(name, shown, path))
    return found


def _pool_text(pool: Mapping[str, Any]) -> str:
    """Return a pool of daemon.json as the flag `--default-address-pool` writes it."""
    return ",".join(f"{key}={value}" for key, value in pool.items())


def refuse_conflicts(wanted: Collection[str], given: Sequence[Given]) -> None:
    """Raise ConflictError if dockerd would not start with both ``given`` and ``wanted`` options."""
    conflicts = [entry for entry in given if entry.option in {*wanted, "bridge"}]
    if conflicts:
        raise ConflictError(
            "dockerd would not start, because other files set options of this module or a bridge: "
            + "; ".join(str(entry) for entry in conflicts)
            + ": remove these options from the files"
        )


def refuse_other_config_file(invocation: Invocation, path: Path) -> None:
    """Raise ConflictError if the command line names another config file than ``path``."""
    if invocation.command is None:
        return
    for flag, value in _flag_values(split_words(invocation.command.value)):
        if flag == "--config-file" and Path(value).resolve() != path.resolve():
            raise ConflictError(
                f"{invocation.command.path} sets --config-file={value}, so dockerd does not read "
                f"{path}: set the option path to {value}"
            )
