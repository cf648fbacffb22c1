# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What weft wrote into a daemon.json, kept so that it takes back no more than that."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.weft.overlay.plugins.module_utils.weft.docker.errors import BridgeError

from .settings import Options


class OwnershipError(BridgeError):
    """The record is not one that weft wrote."""


@dataclass(frozen=True, slots=True)
class Ownership:
    """The file, the options weft set in it, and whether weft made the file."""

    path: Path
    options: Options
    created: bool


def parse_ownership(text: str, source: Path) -> Ownership:
    """Read the record that lies at ``source``. Raises OwnershipError if it is not one."""
    try:
        fields = json.loads(text)
        return Ownership(Path(fields["path"]), dict(fields["options"]), bool(fields["created"]))
    except (KeyError, TypeError, ValueError) as error:
        raise OwnershipError(
            f"{source} is not a record of what weft set ({error!r}): "
            "remove it if nothing of weft's is left in daemon.json"
        ) from error


def serialise_ownership(ownership: Ownership) -> str:
    """Return the record's text."""
    fields = {
        "path": str(ownership.path),
        "options": ownership.options,
        "created": ownership.created,
    }
    return json.dumps(fields, indent=2) + "\n"
