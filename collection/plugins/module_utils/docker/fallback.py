# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What dockerd's files held before a change that dockerd has not yet started with."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.weft.overlay.plugins.module_utils.weft.docker.errors import BridgeError

from .carrier import Texts


class FallbackError(BridgeError):
    """The record is not one that weft wrote."""


@dataclass(frozen=True, slots=True)
class Fallback:
    """The files' texts before the change and after it."""

    before: Texts
    after: Texts

    def is_foreign(self, now: Texts) -> list[Path]:
        """Return the files that hold neither text: somebody changed them since."""
        return [
            path for path in self.after if now[path] not in (self.before[path], self.after[path])
        ]


def begin_change(existing: Fallback | None, before: Texts, changes: Texts) -> Fallback:
    """Return what to keep before ``changes`` are written over ``before``.

    An existing fallback is of a change that was never confirmed: its texts are still those that
    dockerd last started with, unless a file was changed by somebody else since.
    """
    fresh = Fallback({path: before[path] for path in changes}, changes)
    if existing is None or any(path not in before for path in existing.after):
        return fresh
    if existing.is_foreign(before):
        return fresh
    return Fallback({**fresh.before, **existing.before}, {**existing.after, **changes})


def serialise_fallback(fallback: Fallback) -> str:
    """Return the record's text."""
    fields = {"before": _by_name(fallback.before), "after": _by_name(fallback.after)}
    return json.dumps(fields, indent=2) + "\n"


def _by_name(texts: Texts) -> dict[str, str | None]:
    return {str(path): text for path, text in texts.items()}


def parse_fallback(text: str, source: Path) -> Fallback:
    """Read the record that lies at ``source``. Raises FallbackError if it is not one."""
    try:
        fields = json.loads(text)
        fallback = Fallback(_by_path(fields["before"]), _by_path(fields["after"]))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise FallbackError(
            f"{source} is not a record of dockerd's earlier options ({error!r}): remove it"
        ) from error
    if fallback.before.keys() != fallback.after.keys():
        raise FallbackError(f"{source} names other files before and after: remove it")
    return fallback


def _by_path(texts: Mapping[str, str | None]) -> Texts:
    return {Path(name): text for name, text in texts.items()}
