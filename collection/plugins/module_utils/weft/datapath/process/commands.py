# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands of the control socket: apply, status, remove."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from ..table import TableError, parse_table
from .engine import Engine

_log = logging.getLogger(__name__)

Reply = Mapping[str, Any]


class Commands:
    """Runs commands on the engine; calls `on_changed` after one that changed the table."""

    def __init__(self, engine: Engine, on_changed: Callable[[], None]) -> None:
        self._engine = engine
        self._on_changed = on_changed
        self._by_name: dict[str, Callable[[Mapping[str, Any]], Reply]] = {
            "apply": self._apply,
            "status": self._status,
            "remove": self._remove,
        }

    def handle(self, request: object) -> Reply:
        """Return the reply to the decoded JSON `request`; an invalid one gets an error reply."""
        if not isinstance(request, dict):
            return _error(f"expected an object, got {type(request).__name__}")
        name = request.get("command")
        command = self._by_name.get(name) if isinstance(name, str) else None
        if command is None:
            return _error(f"command: {name!r} is not one of {', '.join(self._by_name)}")
        try:
            return command(request)
        except TableError as error:
            _log.warning("%s refused: %s", name, error)
            return _error(str(error))
        except OSError as error:
            _log.error("%s failed: %s", name, error)
            return _error(error.strerror or str(error))

    def _apply(self, request: Mapping[str, Any]) -> Reply:
        self._engine.apply(parse_table(request.get("table")))
        self._on_changed()
        return {"ok": True}

    def _status(self, _request: Mapping[str, Any]) -> Reply:
        return {"ok": True, **self._engine.status()}

    def _remove(self, _request: Mapping[str, Any]) -> Reply:
        self._engine.remove()
        self._on_changed()
        return {"ok": True}


def _error(reason: str) -> Reply:
    return {"ok": False, "error": reason}
