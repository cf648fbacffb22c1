# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What weftd says of itself: one document in `/run/weft`, which weftctl reads."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from ..system.files import write_atomically


class Datapath(StrEnum):
    """Which datapath forwards packets. AUTO, in settings only: the kernel if possible.

    vxlan has both; udp always uses userspace, host-gw always the kernel.
    """

    AUTO = "auto"
    KERNEL = "kernel"
    USERSPACE = "userspace"


@dataclass(frozen=True, slots=True)
class StoreStatus:
    """Whether the store answers, since when what is shown is known, and its last problem."""

    connected: bool
    revision: int | None = None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class LeaseStatus:
    """This host's lease; expires tells a reservation from a lease that must be renewed."""

    subnet: str
    bip: str
    public_ip: str
    expires: bool


@dataclass(frozen=True, slots=True)
class Status:
    """The agent at a glance. mtu in bytes, since in seconds of the epoch.

    other_addresses are those that the interface has beside the one that was taken for its place.
    datapath is what carries the packets, datapath_reason why it is not the preferred one. metrics
    is where they are to be had, or why not; that says nothing of the overlay.
    settings_written_ns tells which writing of the settings it runs with. certificate_expiry is when
    the host's certificate for the store ends, in seconds of the epoch; None without one.
    """

    pid: int
    release: str
    since: float
    store: StoreStatus
    settings_written_ns: int | None = None
    interface: str | None = None
    address: str | None = None
    other_addresses: tuple[str, ...] = ()
    network: str | None = None
    backend: str | None = None
    datapath: str | None = None
    datapath_reason: str | None = None
    mtu: int | None = None
    lease: LeaseStatus | None = None
    peers: int = 0
    problems: tuple[str, ...] = ()
    metrics: str | None = None
    certificate_expiry: float | None = None

    @property
    def ready(self) -> bool:
        """Whether the host takes part in the overlay as it should."""
        return self.lease is not None and not self.problems

    def summary(self) -> str:
        """One line for systemd and the log."""
        if self.problems:
            return self.problems[0]
        if self.lease is None:
            return self.store.problem or "waiting for the store"
        store = "" if self.store.connected else "; the store is away"
        return f"{self.lease.subnet} by {self.backend}, {self.peers} peers{store}"


def write_status(path: Path, status: Status) -> None:
    """Put the document where weftctl finds it."""
    text = json.dumps({**asdict(status), "ready": status.ready}, indent=1)
    write_atomically(path, f"{text}\n".encode())
