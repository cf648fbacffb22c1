# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the agent knows of the store: kept current by events, and over a start without a store."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address, IPv4Network

from ..model.lease import Lease, parse_lease, serialise_lease, subnet_key
from ..model.snapshot import StoredNetwork
from ..store.lease_watch import (
    EntryInvalid,
    Interrupted,
    LeaseDeleted,
    LeaseWritten,
    Listed,
    NetworkWritten,
    Resumed,
    WatchEvent,
)

# The file on the disk is private: its keys need no prefix of the store's.
_PREFIX = ""


@dataclass(frozen=True, slots=True)
class View:
    """The network's document and the leases, at a revision of the store.

    stale says that it is of before the store went away, or before this start.
    """

    network: StoredNetwork | None = None
    leases: Mapping[IPv4Network, Lease] = field(default_factory=dict)
    revision: int = 0
    stale: bool = False

    def leases_within(self, network: IPv4Network) -> tuple[Lease, ...]:
        """All leases in a network, by subnet."""
        leases = sorted(self.leases.values(), key=lambda lease: lease.subnet)
        return tuple(lease for lease in leases if lease.subnet.subnet_of(network))

    def own_lease(self, public_ip: IPv4Address, within: IPv4Network) -> Lease | None:
        """The lease that a public IP holds in a network, that of the lowest subnet first."""
        held = [
            lease
            for lease in self.leases.values()
            if lease.public_ip == public_ip and lease.subnet.subnet_of(within)
        ]
        return min(held, key=lambda lease: lease.subnet, default=None)

    def peers_of(self, own: Lease, within: IPv4Network) -> tuple[Lease, ...]:
        """The other hosts' leases in a network, by subnet, without the own subnet's rivals."""
        return tuple(
            lease
            for lease in self.leases_within(within)
            if lease.public_ip != own.public_ip and not lease.subnet.overlaps(own.subnet)
        )

    def rivals_of(self, own: Lease) -> tuple[Lease, ...]:
        """Other hosts' leases that overlap with this host's subnet: there should be none."""
        return tuple(
            lease
            for lease in self.leases.values()
            if lease.public_ip != own.public_ip and lease.subnet.overlaps(own.subnet)
        )


def advance(view: View, event: WatchEvent) -> View:  # noqa: PLR0911 - one row an event
    """The view after an event of the watch."""
    match event:
        case Listed(snapshot):
            listed = {lease.subnet: lease for lease in snapshot.leases}
            return View(snapshot.network, listed, snapshot.revision)
        case NetworkWritten(network):
            revision = network.mod_revision if network else view.revision
            return replace(view, network=network, revision=revision)
        case LeaseWritten(lease):
            written = {**view.leases, lease.subnet: lease}
            return replace(view, leases=written, revision=lease.mod_revision)
        case LeaseDeleted(subnet, ipv6_subnet, revision):
            held = view.leases.get(subnet)
            # A host that becomes dual-stack writes its new key before it deletes the old one.
            gone = held is not None and held.ipv6_subnet == ipv6_subnet
            left = _without(view, subnet) if gone else view.leases
            return replace(view, leases=left, revision=revision)
        case EntryInvalid(entry) if entry.subnet is not None:
            return replace(view, leases=_without(view, entry.subnet))
        case Interrupted():
            return replace(view, stale=True)
        case Resumed():
            return replace(view, stale=False)
        case _:
            return view


def serialise_view(view: View) -> str:
    """A view as the text that is kept on the disk."""
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


def parse_view(text: str) -> View:
    """The view that is kept on the disk, as a stale one. Raises ValueError where it is damaged."""
    try:
        document = json.loads(text)
        network = document["network"]
        leases = [
            parse_lease(
                _PREFIX,
                key,
                kept["value"],
                lease_id=int(kept["lease_id"]),
                mod_revision=int(kept["mod_revision"]),
            )
            for key, kept in document["leases"].items()
        ]
        return View(
            network=network and StoredNetwork(str(network["text"]), int(network["mod_revision"])),
            leases={lease.subnet: lease for lease in leases},
            revision=int(document["revision"]),
            stale=True,
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not what weftd keeps there: {error!r}") from error


def _without(view: View, subnet: IPv4Network) -> dict[IPv4Network, Lease]:
    return {held: lease for held, lease in view.leases.items() if held != subnet}
