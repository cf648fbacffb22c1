# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The status document of the agent in `/run/weft`, which weftctl reads."""

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
    """The connection to etcd: the revision of the known leases, and why etcd is unreachable."""

    connected: bool
    revision: int | None = None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class LeaseStatus:
    """This host's lease; expires: false for a reservation, which needs no renewal."""

    subnet: str
    bip: str
    public_ip: str
    expires: bool


@dataclass(frozen=True, slots=True)
class Status:
    """The status of the agent. mtu in bytes, since in seconds of the epoch.

    weftctl of another release reads this document, too: fields are only ever added.
    other_addresses: further addresses of the interface, if only their order decided. datapath:
    kernel or userspace; datapath_reason: why it is not the preferred one. metrics: the URL, or why
    there is none; not part of readiness. settings_written_ns: the modification time of the loaded
    settings. certificate_expiry: the end of the host's certificate for etcd, in seconds of the
    epoch; None without one. certificate: its path. port: the UDP port of the network's backend,
    None for one without encapsulation.
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
    certificate: str | None = None
    port: int | None = None

    @property
    def ready(self) -> bool:
        """Whether this host has a lease and no problems."""
        return self.lease is not None and not self.problems

    def summary(self) -> str:
        """One line for systemd and the log."""
        if self.problems:
            return self.problems[0]
        if self.lease is None:
            return self.store.problem or "waiting for etcd"
        etcd = "" if self.store.connected else "; etcd unreachable"
        return f"{self.lease.subnet}, backend {self.backend}, {self.peers} peers{etcd}"


def write_status(path: Path, status: Status) -> None:
    """Write the document. Raises OSError."""
    text = json.dumps({**asdict(status), "ready": status.ready}, indent=1)
    write_atomically(path, f"{text}\n".encode())
