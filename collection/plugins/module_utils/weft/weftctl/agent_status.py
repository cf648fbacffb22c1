# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the status document of the agent."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..host.status import Datapath


@dataclass(frozen=True, slots=True)
class AgentStatus:
    """The agent's document, None if it cannot be read; `problems` are those of reading it.

    The document remains when the agent stops: its `ready` is false here if no agent runs.
    """

    document: dict[str, Any] | None = None
    problems: tuple[str, ...] = ()

    @property
    def running(self) -> bool:
        """Whether the agent that wrote the document is running."""
        return self.document is not None and not self.problems

    @property
    def own_subnet(self) -> str | None:
        """The subnet of this host in the document, None without a lease."""
        lease = self.document and self.document.get("lease")
        return str(lease["subnet"]) if lease else None

    @property
    def kernel_datapath(self) -> bool:
        """Whether the kernel datapath is active, so that the userspace datapath is idle."""
        return self.document is not None and self.document.get("datapath") == Datapath.KERNEL


def read_agent_status(path: Path) -> AgentStatus:
    """Read the agent's status; an error becomes a problem of the result."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        pid = int(document["pid"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        return AgentStatus(
            problems=(f"cannot read {path}: {reason}; see 'systemctl status weftd'",)
        )
    if _is_running(pid):
        return AgentStatus(document)
    stopped = f"the agent (process {pid}) is not running; see 'systemctl status weftd'"
    return AgentStatus({**document, "ready": False}, (stopped,))


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
