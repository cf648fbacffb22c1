# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the state of datapath and kernel for each HTTP request, apart from the agent's passes."""

from __future__ import annotations

import os
import threading
import time
from dataclasses import replace
from pathlib import Path

from ..datapath.process.client import DatapathClient, DatapathError
from ..datapath.process.status import Status as DatapathStatus
from ..kernel.change_text import describe
from ..kernel.device_counters import read_device_counters
from ..kernel.difference import difference
from ..kernel.netlink import KernelError, Netlink
from .report import Observation, Report

_DATAPATH_TIMEOUT = 2.0


class Observer:
    """Reads the actual state, one request at a time: a netlink socket is not thread-safe."""

    def __init__(self, datapath: DatapathClient | None = None) -> None:
        self._datapath = datapath or DatapathClient(timeout=_DATAPATH_TIMEOUT)
        self._lock = threading.Lock()
        self._netlink: Netlink | None = None

    def observe(self, report: Report | None) -> Observation:
        """Return the actual state for the plan of a report; raises nothing."""
        process = Observation(cpu_seconds=time.process_time(), resident_bytes=_resident_bytes())
        if report is None or report.plan is None:
            return process
        plan, status = report.plan, report.status
        with self._lock:
            devices = {*plan.traffic.devices} - {status.interface or ""}
            return replace(
                process,
                datapath=self._datapath_status() if plan.datapath_table is not None else None,
                pending=self._pending(report),
                counters={
                    name: counters
                    for name, counters in read_device_counters().items()
                    if name in devices
                },
            )

    def close(self) -> None:
        """Close the netlink socket."""
        with self._lock:
            self._close_netlink()

    def _datapath_status(self) -> DatapathStatus | str:
        try:
            return self._datapath.status()
        except DatapathError as error:
            return str(error)

    def _pending(self, report: Report) -> tuple[str, ...]:
        if report.plan is None:
            return ()
        desired = report.plan.state
        try:
            self._netlink = self._netlink or Netlink()
            actual = self._netlink.read_state({device.name for device in desired.devices})
        except KernelError as error:
            self._close_netlink()
            return (str(error),)
        return tuple(f"pending: {describe(change)}" for change in difference(desired, actual))

    def _close_netlink(self) -> None:
        if self._netlink is not None:
            self._netlink.close()
            self._netlink = None


def _resident_bytes() -> int:
    # The process collector of prometheus_client needs /proc/stat, which the hardened unit hides.
    resident = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    return int(resident) * os.sysconf("SC_PAGE_SIZE")
