# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The last applied table in a file, by which a new process forwards without the agent."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path

from ...errors import WeftError
from ..table import ForwardingTable, parse_table


class StateError(WeftError):
    """The file has no valid table; the message has its path, the reason and the fix."""


class TableFile:
    """The file of one table at `path`, replaced atomically."""

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
                f"{self.path}: {error}; delete it, and the agent applies a new table"
            ) from error

    def save(self, table: ForwardingTable) -> None:
        """Replace the file. Raises OSError, and then the former file stays.

        No fsync, which would delay packets: after a power loss the agent applies the table again.
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
                f"{self.path}: {error.strerror}; its directory must exist and be writable",
            ) from error

    def delete(self) -> None:
        """Delete the file if it is there."""
        self.path.unlink(missing_ok=True)
