# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The network and the leases as last read from etcd, and the snapshot file that stores them."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

from ..model.lease import Lease, parse_lease, serialise_lease, subnet_key
from ..model.snapshot import StoredNetwork
from ..system.files import write_atomically

_log = logging.getLogger(__name__)

# No other program reads the snapshot file: its keys need no etcd prefix.
_PREFIX = ""


@dataclass(frozen=True, slots=True)
class LeaseView:
    """The network document and the leases at one etcd revision.

    stale: read before etcd became unreachable, or loaded from the snapshot file.
    """

    network: StoredNetwork | None = None
    leases: Mapping[IPv4Network, Lease] = field(default_factory=dict)
    revision: int = 0
    stale: bool = False

    def leases_within(self, network: IPv4Network) -> tuple[Lease, ...]:
        """Return the leases in a network, sorted by subnet."""
        leases = sorted(self.leases.values(), key=lambda lease: lease.subnet)
        return tuple(lease for lease in leases if lease.subnet.subnet_of(network))

    def own_lease(self, public_ip: IPv4Address, within: IPv4Network) -> Lease | None:
        """Return the lease of a public IP in a network, of several the one with lowest subnet."""
        held = [
            lease
            for lease in self.leases.values()
            if lease.public_ip == public_ip and lease.subnet.subnet_of(within)
        ]
        return min(held, key=lambda lease: lease.subnet, default=None)

    def peers_of(self, own: Lease, within: IPv4Network) -> tuple[Lease, ...]:
        """Return the other hosts' leases in a network, sorted, without conflicting leases."""
        return tuple(
            lease
            for lease in self.leases_within(within)
            if lease.public_ip != own.public_ip and not lease.subnet.overlaps(own.subnet)
        )

    def conflicting_leases(self, own: Lease) -> tuple[Lease, ...]:
        """Return the other hosts' leases that overlap with this host's subnet."""
        return tuple(
            lease
            for lease in self.leases.values()
            if lease.public_ip != own.public_ip and lease.subnet.overlaps(own.subnet)
        )


def load_view(path: Path) -> LeaseView:
    """Return the view of the snapshot file, or an empty one; both are stale."""
    try:
        return parse_view(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return LeaseView(stale=True)
    except (OSError, ValueError) as error:
        _log.warning("ignoring the snapshot file %s: %s", path, error)
        return LeaseView(stale=True)


def save_view(path: Path, view: LeaseView) -> None:
    """Write the snapshot file. Raises OSError."""
    write_atomically(path, serialise_view(view).encode(), 0o640)


def serialise_view(view: LeaseView) -> str:
    """Return the text of the snapshot file."""
    network = view.network
    return json.dumps(
        {
            "revision": view.revision,
            "network": network and {"text": network.text, "mod_revision": network.mod_revision},
            "leases": {
                subnet_key(_PREFIX, lease.subnet, lease.ipv6_subnet): {
                    "value": serialise_lease(lease),
                    "lease_id": lease.lease_id,
                    "mod_revision": lease.mod_revision,
                }
                for lease in view.leases.values()
            },
        },
        indent=1,
    )


def parse_view(text: str) -> LeaseView:
    """Return the view of a snapshot file, marked stale. Raises ValueError if it is damaged."""
    try:
        document = json.loads(text)
        network = document["network"]
        leases = [
            parse_lease(
                _PREFIX,
                key,
                entry["value"],
                lease_id=int(entry["lease_id"]),
                mod_revision=int(entry["mod_revision"]),
            )
            for key, entry in document["leases"].items()
        ]
        return LeaseView(
            network=network and StoredNetwork(str(network["text"]), int(network["mod_revision"])),
            leases={lease.subnet: lease for lease in leases},
            revision=int(document["revision"]),
            stale=True,
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a snapshot file of weftd: {error!r}") from error
