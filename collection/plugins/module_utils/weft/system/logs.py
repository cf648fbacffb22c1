# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Logging to standard error, one line per event, in the format of the systemd journal."""

from __future__ import annotations

import logging
import os
import sys

# sd-daemon(3): the priority prefix of a line, as in syslog.
_PRIORITIES = (
    (logging.CRITICAL, "<2>"),
    (logging.ERROR, "<3>"),
    (logging.WARNING, "<4>"),
    (logging.INFO, "<6>"),
)
_DEBUG = "<7>"


def configure(*, verbose: bool) -> None:
    """Log to standard error from level INFO, or DEBUG if `verbose`."""
    handler = logging.StreamHandler()
    handler.setFormatter(JournalFormatter() if _is_journal() else LineFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.DEBUG if verbose else logging.INFO)


class LineFormatter(logging.Formatter):
    """One line per event, with its traceback, for a terminal or a file."""

    FORMAT = "%(asctime)s %(levelname)s %(message)s"

    def __init__(self) -> None:
        super().__init__(self.FORMAT)

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line."""
        return " | ".join(super().format(record).splitlines())


class JournalFormatter(LineFormatter):
    """One line per event with a priority prefix; the journal adds the time."""

    FORMAT = "%(message)s"

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line with its priority prefix."""
        priority = next((text for level, text in _PRIORITIES if record.levelno >= level), _DEBUG)
        return priority + super().format(record)


def _is_journal() -> bool:
    # systemd.exec(5): the variable is inherited, so it must match the stream.
    try:
        status = os.fstat(sys.stderr.fileno())
    except (OSError, ValueError):
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{status.st_dev}:{status.st_ino}"
