# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The content of dockerd's files before a change, until dockerd has started with the change."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.weft.overlay.plugins.module_utils.weft.docker.errors import BridgeError

from .config_files import Texts


class SavedFilesError(BridgeError):
    """The file of saved files is not valid."""


@dataclass(frozen=True, slots=True)
class SavedFiles:
    """The content of the files before and after the change."""

    before: Texts
    after: Texts

    def changed_since(self, now: Texts) -> list[Path]:
        """Return the files that were changed since: their content is neither of the two."""
        return [
            path for path in self.after if now[path] not in (self.before[path], self.after[path])
        ]


def save_before_change(existing: SavedFiles | None, before: Texts, changes: Texts) -> SavedFiles:
    """Return the files to save before ``changes`` replace ``before``.

    If saved files exist, dockerd has not started since that change: their earlier content is kept,
    unless a file was changed since by another program.
    """
    new = SavedFiles({path: before[path] for path in changes}, changes)
    if existing is None or any(path not in before for path in existing.after):
        return new
    if existing.changed_since(before):
        return new
    return SavedFiles({**new.before, **existing.before}, {**existing.after, **changes})


def serialise_saved_files(saved: SavedFiles) -> str:
    """Return the text to store."""
    fields = {"before": _by_name(saved.before), "after": _by_name(saved.after)}
    return json.dumps(fields, indent=2) + "\n"


def _by_name(texts: Texts) -> dict[str, str | None]:
    return {str(path): text for path, text in texts.items()}


def parse_saved_files(text: str, source: Path) -> SavedFiles:
    """Parse the saved files at ``source``. Raises SavedFilesError if they are not valid."""
    try:
        fields = json.loads(text)
        saved = SavedFiles(_by_path(fields["before"]), _by_path(fields["after"]))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise SavedFilesError(
            f"{source} is not valid: it should hold earlier versions of dockerd's files "
            f"({error!r}). Remove it."
        ) from error
    if saved.before.keys() != saved.after.keys():
        raise SavedFilesError(
            f"{source} is not valid: its files before and after the change differ. Remove it."
        )
    return saved


def _by_path(texts: Mapping[str, str | None]) -> Texts:
    return {Path(name): text for name, text in texts.items()}
