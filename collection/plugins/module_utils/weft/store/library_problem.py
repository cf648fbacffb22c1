# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why the etcd client library cannot be imported, with the library that replaces a package's."""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import PurePath

# The distributions that the client needs, the likeliest to be replaced first, and their modules.
_LIBRARIES = (("protobuf", "google.protobuf"), ("grpcio", "grpc"), ("etcd3", "etcd3"))

_RAISED = re.compile(r"^[A-Za-z_][\w.]*(?:Error|Exception)\b.*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Library:
    """An installed library: the names of its distribution and directory, and its version."""

    name: str
    version: str
    directory: str


def explain_import_error(traceback: str, shadowing: Iterable[Library]) -> str:
    """Return the reason and the next step, from a traceback and the replacing libraries."""
    raised = _RAISED.findall(traceback)
    reason = (raised[-1] if raised else traceback.strip().splitlines()[-1]).strip().rstrip(".")
    found = list(shadowing)
    if not found:
        return f"The Python library etcd3 cannot be imported; install python3-etcd3. {reason}"
    named = " and ".join(f"{each.name} {each.version} in {each.directory}" for each in found)
    names = " ".join(each.name for each in found)
    return (
        f"The Python library etcd3 cannot be imported, because {named} "
        f"{'hides' if len(found) == 1 else 'hide'} the library of the distribution: {reason}. "
        f"Remove it with '{sys.executable or 'python3'} -m pip uninstall --break-system-packages "
        f"{names}', or set weft_libraries to install weft's libraries separately."
    )


def shadowing_libraries() -> Iterator[Library]:
    """Yield the libraries outside the distribution's directories; none in a virtual environment."""
    if sys.prefix != sys.base_prefix:
        return
    for name, module in _LIBRARIES:
        directory = _directory_of(module)
        if directory and not directory.startswith("/usr/lib/"):
            yield Library(name, _version_of(name), directory)


def _directory_of(module: str) -> str:
    try:
        spec = importlib.util.find_spec(module)
    except (ImportError, ValueError):
        return ""
    if spec is None or not spec.origin:
        return ""
    # The directory of the outermost package, which sys.path contains.
    return str(PurePath(spec.origin).parents[module.count(".") + 1])


def _version_of(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "of unknown version"
