# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The facts `ansible_local.weft` of a host, for other plays.

`/etc/ansible/facts.d/weft.fact` imports this module at every gathering of facts: its name is an
interface, and it imports no library.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..host.paths import SETTINGS_PATH, STATUS_PATH
from .agent_status import read_agent_status


def local_facts(agent: Mapping[str, Any] | None, *, running: bool) -> dict[str, Any]:
    """Return the facts from the status document of the agent, which may have stopped since.

    `mtu` is in bytes. A value is None if it is not known, as before the agent's first pass.
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


def configured_addresses(path: Path) -> dict[str, Any]:
    """Return the public IP and the interface address in the agent's settings, None if not known.

    They stay those of the host until its operator changes them, whatever its routes are.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        document = {}
    return {
        "configured_public_ip": document.get("public_ip"),
        "configured_address": document.get("address"),
    }


def main(path: Path = STATUS_PATH, settings: Path = SETTINGS_PATH) -> None:
    """Print the facts as JSON; a stopped agent is a fact, not an error."""
    agent = read_agent_status(path)
    facts = local_facts(agent.document, running=agent.running) | configured_addresses(settings)
    sys.stdout.write(f"{json.dumps(facts, indent=1)}\n")
