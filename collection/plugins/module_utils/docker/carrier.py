# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Moving the settings between their carriers: what each file shall hold.

A text of None is a file that is not there. A result lists the carrier that is left before the
one in use, so that whoever writes in that order never has both.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from ansible_collections.weft.overlay.plugins.module_utils.weft.docker.errors import BridgeError

from .daemon_json import DaemonJson, DaemonJsonError, parse_daemon_json
from .ownership import Ownership, serialise_ownership
from .settings import BridgeSettings

Texts: TypeAlias = Mapping[Path, "str | None"]


class CarrierError(BridgeError):
    """A daemon.json cannot be edited."""


@dataclass(frozen=True, slots=True)
class Carriers:
    """The two carriers, and the record of what is weft's in the first."""

    daemon_json: Path
    drop_in: Path
    record: Path


def carry_in_daemon_json(
    carriers: Carriers, settings: BridgeSettings, ownership: Ownership | None, before: Texts
) -> Texts:
    """Set the options in daemon.json; an option that weft set and no longer wants goes.

    Raises CarrierError.
    """
    after: dict[Path, str | None] = {carriers.drop_in: None}
    if ownership is not None and ownership.path != carriers.daemon_json:
        after[ownership.path] = _released(ownership, before)
        ownership = None
    path, wanted = carriers.daemon_json, settings.options()
    document = read_daemon_json(path, before[path])
    if ownership is not None:
        document = _without_owned(document, ownership, keep=wanted)
    for name, value in wanted.items():
        document = document.with_value(name, value)
    created = before[path] is None if ownership is None else ownership.created
    after[path] = document.text
    after[carriers.record] = serialise_ownership(Ownership(path, wanted, created))
    return after


def carry_in_drop_in(
    carriers: Carriers, drop_in: str, ownership: Ownership | None, before: Texts
) -> Texts:
    """Set the options in the drop-in, whose text is given. Raises CarrierError."""
    return {**release(carriers, ownership, before), carriers.drop_in: drop_in}


def release(carriers: Carriers, ownership: Ownership | None, before: Texts) -> Texts:
    """Take back what weft set, from wherever it is. Raises CarrierError.

    An option that somebody changed since is theirs and stays. A daemon.json that weft made and
    that holds nothing more goes.
    """
    after: dict[Path, str | None] = {}
    if ownership is not None:
        after[ownership.path] = _released(ownership, before)
    return {**after, carriers.record: None, carriers.drop_in: None}


def read_daemon_json(path: Path, text: str | None) -> DaemonJson:
    """Read a daemon.json that may be absent. Raises CarrierError if it is not valid."""
    try:
        return parse_daemon_json(text or "")
    except DaemonJsonError as error:
        raise CarrierError(f"{path}: {error}; mend it by hand: nothing was changed") from error


def _released(ownership: Ownership, before: Texts) -> str | None:
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
