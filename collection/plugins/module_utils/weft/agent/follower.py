# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The thread that follows the store and tells the agent what it holds."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from ..store.client import StoreClient
from ..store.lease_watch import Interrupted, LeaseWatch, Resumed
from .view import View, advance

_log = logging.getLogger(__name__)


class Follower(threading.Thread):
    """Calls publish(view, problem) after every event; problem is None while the store answers."""

    def __init__(self, store: StoreClient, view: View, publish: Callable[[View, str | None], None]):
        super().__init__(name="follower", daemon=True)
        self._watch = LeaseWatch(store)
        self._view = view
        self._publish = publish

    def run(self) -> None:
        """Follow the store until stopped."""
        problem: str | None = None
        for event in self._watch:
            match event:
                case Interrupted(reason, _):
                    if problem is None:
                        _log.warning("the store is away, the overlay goes on as it is: %s", reason)
                    problem = reason
                case Resumed(endpoint):
                    _log.info("following the store at %s", endpoint)
                    problem = None
            self._view = advance(self._view, event)
            self._publish(self._view, problem)

    def stop(self) -> None:
        """End the thread's work; it may take as long as a request that is under way."""
        self._watch.stop()
