# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The content of etcd at one revision: the network configuration and the leases."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Network

from .lease import Lease, LeaseError, parse_lease, parse_subnet_key
from .network import Network, parse_network


@dataclass(frozen=True, slots=True)
class StoredNetwork:
    """The configuration as its text in etcd, and the revision of its last write."""

    text: str
    mod_revision: int

    def parse(self) -> Network:
        """Return the network that the text describes. Raises NetworkError."""
        return parse_network(self.text)


@dataclass(frozen=True, slots=True)
class InvalidEntry:
    """A key under the leases' prefix that is not a lease; its ``subnet``, if any, stays blocked."""

    key: str
    reason: str
    subnet: IPv4Network | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything under the prefix at ``revision``; ``leases`` in the order of their subnets.

    Revisions compare within one cluster only: ``cluster_id`` changes when etcd is restored.
    """

    revision: int
    network: StoredNetwork | None
    leases: tuple[Lease, ...]
    invalid: tuple[InvalidEntry, ...] = ()
    cluster_id: int = 0

    @property
    def network_revision(self) -> int:
        """The revision of the configuration, 0 while there is none."""
        return self.network.mod_revision if self.network else 0

    @property
    def blocked(self) -> tuple[IPv4Network, ...]:
        """The subnets of invalid entries."""
        return tuple(entry.subnet for entry in self.invalid if entry.subnet is not None)


def parse_entry(
    prefix: str, key: bytes, value: bytes, *, lease_id: int, mod_revision: int
) -> Lease | InvalidEntry:
    """Return the lease at *key*, or an invalid entry with the reason."""
    name = key.decode(errors="replace")
    subnet = None
    try:
        subnet, _ipv6_subnet = parse_subnet_key(prefix, name)
        return parse_lease(
            prefix, name, value.decode(), lease_id=lease_id, mod_revision=mod_revision
        )
    except (LeaseError, UnicodeDecodeError) as error:
        return InvalidEntry(name, str(error), subnet)
