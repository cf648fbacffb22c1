# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The last applied table in a file, so that a killed datapath heals without the agent."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path

from ...errors import WeftError
from ..table import ForwardingTable, parse_table


class StateError(WeftError):
    """The file cannot be read as a table; the message names it, the reason and the next step."""


class TableFile:
    """Keeps one table at `path`; a reader sees the old one or the new one whole."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def load(self) -> ForwardingTable | None:
        """Return the table, or None when there is no file. Raises StateError."""
        try:
            return parse_table(json.loads(self.path.read_bytes()))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, RecursionError) as error:
            raise StateError(
                f"{self.path}: {error}; delete it, the agent applies a new table"
            ) from error

    def save(self, table: ForwardingTable) -> None:
        """Replace the file. Raises OSError, and then the former file stands.

        There is no fsync, which would hold packets up: after a power loss the agent applies anew.
        """
        temporary = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        try:
            temporary.write_text(json.dumps(table.to_document()) + "\n", encoding="ascii")
            temporary.replace(self.path)
        except OSError as error:
            with contextlib.suppress(OSError):
                temporary.unlink()
            raise OSError(
                error.errno,
                f"{self.path}: {error.strerror}; its directory must exist and be ours to write",
            ) from error

    def delete(self) -> None:
        """Delete the file if it is there."""
        self.path.unlink(missing_ok=True)
