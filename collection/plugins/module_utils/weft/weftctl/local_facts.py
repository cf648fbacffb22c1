# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What other plays learn of a host as `ansible_local.weft`.

Ansible asks each time that it gathers facts. So this imports little, and nothing that needs a
library.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..host.paths import STATUS_PATH
from .agent_status import read_agent_status


def local_facts(agent: Mapping[str, Any] | None, *, running: bool) -> dict[str, Any]:
    """The facts by the agent's document, which may be of an agent that has ended.

    mtu in bytes. What is not known is None: of all the agent has not told yet, or of a host that
    was booted without it.
    """
    document = agent or {}
    lease = document.get("lease") or {}
    return {
        "running": running,
        "ready": bool(document.get("ready")),
        "network": document.get("network"),
        "subnet": lease.get("subnet"),
        "bip": lease.get("bip"),
        "gateway": str(lease["bip"]).partition("/")[0] if lease else None,
        "public_ip": lease.get("public_ip"),
        "mtu": document.get("mtu"),
        "backend": document.get("backend"),
        "datapath": document.get("datapath"),
        "interface": document.get("interface"),
        "peers": document.get("peers"),
        "release": document.get("release"),
        "problems": list(document.get("problems", ())),
    }


def main(path: Path = STATUS_PATH) -> None:
    """Print the facts as JSON. That the agent does not run is one of them, and no failure."""
    agent = read_agent_status(path)
    facts = local_facts(agent.document, running=agent.running)
    sys.stdout.write(f"{json.dumps(facts, indent=1)}\n")
