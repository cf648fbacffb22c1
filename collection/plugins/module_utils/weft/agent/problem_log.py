# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Logs a lasting problem once at its start and once at its end, however often it is reported."""

from __future__ import annotations

import logging


class ProblemLog:
    """The present problem of one kind; its reason may vary while it lasts."""

    def __init__(self, log: logging.Logger) -> None:
        self._log = log
        self._first: str | None = None
        self.problem: str | None = None

    def update(self, problem: str | None) -> bool:
        """Set the problem, None if there is none; return whether it differs from the last one."""
        changed, self.problem = problem != self.problem, problem
        if problem and self._first is None:
            self._log.warning("%s", problem)
            self._first = problem
        elif problem is None and self._first is not None:
            self._log.info("resolved: %s", self._first)
            self._first = None
        return changed
