# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The record of the options that weft has set in daemon.json, so that it removes no others."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.weft.overlay.plugins.module_utils.weft.docker.errors import BridgeError

from .settings import Options


class OwnershipError(BridgeError):
    """The record is not valid."""


@dataclass(frozen=True, slots=True)
class Ownership:
    """The file, the options that weft has set in it, and whether weft created it."""

    path: Path
    options: Options
    created: bool


def parse_ownership(text: str, source: Path) -> Ownership:
    """Parse the record at ``source``. Raises OwnershipError if it is not valid."""
    try:
        fields = json.loads(text)
        return Ownership(Path(fields["path"]), dict(fields["options"]), bool(fields["created"]))
    except (KeyError, TypeError, ValueError) as error:
        raise OwnershipError(
            f"{source} is not a valid record of the options that weft has set ({error!r}): "
            "remove it if daemon.json has none of them"
        ) from error


def serialise_ownership(ownership: Ownership) -> str:
    """Return the text of the record."""
    fields = {
        "path": str(ownership.path),
        "options": ownership.options,
        "created": ownership.created,
    }
    return json.dumps(fields, indent=2) + "\n"
