# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the agent says of itself, as weftctl reads it."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..host.status import Datapath


@dataclass(frozen=True, slots=True)
class AgentStatus:
    """The agent's document, None where it cannot be read; problems are those of reading it.

    The document outlives the agent: its `ready` is false here where no agent runs.
    """

    document: dict[str, Any] | None = None
    problems: tuple[str, ...] = ()

    @property
    def running(self) -> bool:
        """Whether an agent runs that says this; else it is what the last one said."""
        return self.document is not None and not self.problems

    @property
    def own_subnet(self) -> str | None:
        """The subnet of this host by the agent's last words."""
        lease = self.document and self.document.get("lease")
        return str(lease["subnet"]) if lease else None

    @property
    def kernel_carries(self) -> bool:
        """Whether the userspace datapath is idle, and need not run."""
        return self.document is not None and self.document.get("datapath") == Datapath.KERNEL


def read_agent_status(path: Path) -> AgentStatus:
    """The agent's status; nothing raises."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        pid = int(document["pid"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        return AgentStatus(problems=(f"{path}: {reason}; see 'systemctl status weftd'",))
    if _is_running(pid):
        return AgentStatus(document)
    stopped = f"the agent, process {pid}, is not running; see 'systemctl status weftd'"
    return AgentStatus({**document, "ready": False}, (stopped,))


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
