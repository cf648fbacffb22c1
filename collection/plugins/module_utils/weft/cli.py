# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands weftd and weftctl; the module `daemon` ships what this file imports."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

from .agent import daemon as agent_daemon
from .agent.daemon import DEFAULT_SNAPSHOT, load_view
from .agent.datapath_choice import Datapath
from .agent.settings import DEFAULT_PATH as DEFAULT_SETTINGS
from .agent.settings import SettingsError, load_settings
from .agent.status import DEFAULT_PATH as DEFAULT_STATUS
from .datapath import process as datapath_process
from .datapath.control_client import DatapathClient, DatapathError
from .release.running import running_release
from .store import Store
from .store_settings import StoreError
from .weftctl.leases import lease_rows, render_leases
from .weftctl.status import render_status

_PROCESSES = {"agent": agent_daemon.run, "datapath": datapath_process.run}


def weftd_main(arguments: list[str] | None = None) -> int:
    """Run one of the daemon's two processes; return its exit status."""
    parser = argparse.ArgumentParser(
        prog="weftd",
        description="The overlay daemon: 'agent' watches the store and keeps the host as it says, "
        "'datapath' carries the packets of the userspace backends.",
        epilog="'weftd agent --help' and 'weftd datapath --help' list the options of each.",
    )
    parser.add_argument("--version", action="version", version=running_release())
    parser.add_argument("process", choices=sorted(_PROCESSES))
    parser.add_argument("options", nargs=argparse.REMAINDER, help="options of the process")
    chosen = parser.parse_args(arguments)
    return _PROCESSES[chosen.process](chosen.options)


def weftctl_main(arguments: list[str] | None = None) -> int:
    """Answer one question of the operator's; 0 is well, 1 is a problem that the output names."""
    parser = argparse.ArgumentParser(prog="weftctl", description="Ask this host's overlay.")
    parser.add_argument("--version", action="version", version=running_release())
    commands = parser.add_subparsers(dest="command", required=True)
    status = commands.add_parser("status", help="the agent, the datapath and the peers")
    leases = commands.add_parser("leases", help="who holds which subnet")
    for command in (status, leases):
        command.add_argument("--json", action="store_true", help="print JSON")
    chosen = parser.parse_args(arguments)
    return _status(chosen.json) if chosen.command == "status" else _leases(chosen.json)


def _status(as_json: bool) -> int:
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


def _leases(as_json: bool) -> int:
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
