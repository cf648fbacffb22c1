# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What `weftctl` answers, from the files and the sockets of the host and from the store."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from ..agent.daemon import DEFAULT_SNAPSHOT, load_view
from ..agent.datapath_choice import Datapath
from ..agent.settings import DEFAULT_PATH as DEFAULT_SETTINGS
from ..agent.settings import SettingsError, load_settings
from ..agent.status import DEFAULT_PATH as DEFAULT_STATUS
from ..datapath.control_client import DatapathClient, DatapathError
from ..store import Store
from ..store_settings import StoreError
from .leases import lease_rows, render_leases
from .status import render_status


def answer_status(as_json: bool) -> int:
    """Tell of the agent, the datapath and the peers; return the exit status."""
    problems: list[str] = []
    agent: dict[str, Any] | None = None
    try:
        agent = json.loads(DEFAULT_STATUS.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        problems.append(f"{DEFAULT_STATUS}: {_reason(error)}; see 'systemctl status weftd'")
    # The file outlives the agent.
    if agent is not None and not _is_running(agent["pid"]):
        agent["ready"] = False
        problems.append(
            f"the agent, process {agent['pid']}, is not running; see 'systemctl status weftd'"
        )
    datapath = None
    # Where the kernel carries, the userspace datapath is idle, and need not run.
    if agent is None or agent.get("datapath") != Datapath.KERNEL:
        try:
            datapath = DatapathClient().status()
        except DatapathError as error:
            problems.append(f"the datapath: {error}")
    if as_json:
        _say(json.dumps({"agent": agent, "datapath": datapath, "problems": problems}, indent=1))
    else:
        _say(render_status(agent, datapath, problems))
    return 0 if agent is not None and agent["ready"] and not problems else 1


def answer_leases(as_json: bool) -> int:
    """Tell who holds which subnet; return the exit status."""
    own = _own_subnet(DEFAULT_STATUS)
    try:
        settings = load_settings(DEFAULT_SETTINGS)
        with Store(settings.store) as store:
            snapshot = store.snapshot()
        leases, exit_status = snapshot.leases, 0
        for entry in snapshot.invalid:
            _complain(f"{entry.key}: {entry.reason}")
    except (SettingsError, StoreError) as error:
        _complain(str(error))
        _complain("what follows was last seen before")
        leases, exit_status = tuple(load_view(DEFAULT_SNAPSHOT).leases.values()), 1
    rows = lease_rows(leases, own)
    _say(json.dumps(rows, indent=1) if as_json else render_leases(rows))
    return exit_status


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _reason(error: OSError | ValueError) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def _own_subnet(path: Path) -> str | None:
    try:
        lease = json.loads(path.read_text(encoding="utf-8"))["lease"]
    except (OSError, ValueError, KeyError):
        return None
    return lease and str(lease["subnet"])


def _say(text: str) -> None:
    sys.stdout.write(f"{text.rstrip()}\n")


def _complain(text: str) -> None:
    sys.stderr.write(f"weftctl: {text}\n")
