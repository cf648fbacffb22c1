# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The wanted content of the two files that can hold dockerd's bridge settings.

A result lists the file from which the settings are removed first. Written in this order, no two
files hold the settings at the same time, which dockerd would refuse.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.weft.overlay.plugins.module_utils.weft.docker.errors import BridgeError

from .config_files import Texts
from .daemon_json import DaemonJson, DaemonJsonError, parse_daemon_json
from .ownership import Ownership, serialise_ownership
from .settings import BridgeSettings


class SettingsFileError(BridgeError):
    """daemon.json cannot be edited."""


@dataclass(frozen=True, slots=True)
class SettingsFiles:
    """The paths of daemon.json, the drop-in, and the record of the options that weft has set."""

    daemon_json: Path
    drop_in: Path
    record: Path


def set_in_daemon_json(
    files: SettingsFiles, settings: BridgeSettings, ownership: Ownership | None, before: Texts
) -> Texts:
    """Return the files with the options in daemon.json, without those no longer wanted.

    Raises SettingsFileError.
    """
    after: dict[Path, str | None] = {files.drop_in: None}
    if ownership is not None and ownership.path != files.daemon_json:
        after[ownership.path] = _without_settings(ownership, before)
        ownership = None
    path, wanted = files.daemon_json, settings.options()
    document = read_daemon_json(path, before[path])
    if ownership is not None:
        document = _without_owned(document, ownership, keep=wanted)
    for name, value in wanted.items():
        document = document.with_value(name, value)
    created = before[path] is None if ownership is None else ownership.created
    after[path] = document.text
    after[files.record] = serialise_ownership(Ownership(path, wanted, created))
    return after


def set_in_drop_in(
    files: SettingsFiles, drop_in: str, ownership: Ownership | None, before: Texts
) -> Texts:
    """Return the files with the options in the drop-in of this text. Raises SettingsFileError."""
    return {**remove_settings(files, ownership, before), files.drop_in: drop_in}


def remove_settings(files: SettingsFiles, ownership: Ownership | None, before: Texts) -> Texts:
    """Return the files without the options that weft has set. Raises SettingsFileError.

    An option whose value was changed since is kept. A daemon.json that weft created is removed if
    it has no other key.
    """
    after: dict[Path, str | None] = {}
    if ownership is not None:
        after[ownership.path] = _without_settings(ownership, before)
    return {**after, files.record: None, files.drop_in: None}


def read_daemon_json(path: Path, text: str | None) -> DaemonJson:
    """Parse daemon.json; None is an empty one. Raises SettingsFileError if it is not valid."""
    try:
        return parse_daemon_json(text or "")
    except DaemonJsonError as error:
        raise SettingsFileError(
            f"{path}: {error}. Nothing was changed. Fix the file by hand."
        ) from error


def _without_settings(ownership: Ownership, before: Texts) -> str | None:
    text = before[ownership.path]
    if text is None:
        return None
    document = _without_owned(read_daemon_json(ownership.path, text), ownership)
    return None if ownership.created and not document.members else document.text


def _without_owned(
    document: DaemonJson, ownership: Ownership, keep: Collection[str] = ()
) -> DaemonJson:
    values = document.values()
    for name, value in ownership.options.items():
        if name not in keep and values.get(name) == value:
            document = document.without(name)
    return document
