# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The events of the lease watch, and the translation of etcd's key events into them. No I/O."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from typing import TypeAlias

from ..model.lease import Lease, LeaseError, config_key, parse_subnet_key
from ..model.snapshot import InvalidEntry, Snapshot, StoredNetwork, parse_entry


@dataclass(frozen=True, slots=True)
class KeyEvent:
    """One change of a key under the prefix; ``value`` is None if the key was deleted."""

    key: bytes
    value: bytes | None
    lease_id: int
    mod_revision: int


@dataclass(frozen=True, slots=True)
class Listed:
    """The whole state; it replaces everything known before."""

    snapshot: Snapshot


@dataclass(frozen=True, slots=True)
class LeaseWritten:
    """A lease was created or rewritten."""

    lease: Lease


@dataclass(frozen=True, slots=True)
class LeaseDeleted:
    """The lease of ``subnet`` was deleted or has expired."""

    subnet: IPv4Network
    ipv6_subnet: IPv6Network | None
    revision: int


@dataclass(frozen=True, slots=True)
class NetworkWritten:
    """The network configuration was written, or deleted (None)."""

    network: StoredNetwork | None


@dataclass(frozen=True, slots=True)
class EntryInvalid:
    """An invalid entry was written under the leases' prefix; a lease of its subnet is void."""

    entry: InvalidEntry


@dataclass(frozen=True, slots=True)
class Interrupted:
    """The watch failed for ``reason`` and is resumed in ``retry_in`` seconds."""

    reason: str
    retry_in: float


@dataclass(frozen=True, slots=True)
class Resumed:
    """The watch runs, at ``endpoint``. If etcd no longer has the history, Listed follows."""

    endpoint: str


WatchEvent: TypeAlias = (
    Listed | LeaseWritten | LeaseDeleted | NetworkWritten | EntryInvalid | Interrupted | Resumed
)


def translate_event(prefix: str, event: KeyEvent) -> WatchEvent | None:
    """Return the watch event of a key event, None for a key that names no lease."""
    key = event.key.decode(errors="replace")
    if key == config_key(prefix):
        if event.value is None:
            return NetworkWritten(None)
        text = event.value.decode(errors="replace")
        return NetworkWritten(StoredNetwork(text, event.mod_revision))
    if event.value is None:
        try:
            subnet, ipv6_subnet = parse_subnet_key(prefix, key)
        except LeaseError:
            return None
        return LeaseDeleted(subnet, ipv6_subnet, event.mod_revision)
    entry = parse_entry(
        prefix, event.key, event.value, lease_id=event.lease_id, mod_revision=event.mod_revision
    )
    return LeaseWritten(entry) if isinstance(entry, Lease) else EntryInvalid(entry)
