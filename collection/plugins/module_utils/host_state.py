# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""weft's devices and entries in the kernel, parsed from the output of `ip` and `bridge`. No I/O.

The daemon uses pyroute2 instead, which the Python that runs a module may lack.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network
from typing import Any

from ansible_collections.weft.overlay.plugins.module_utils.weft.kernel.links import TUN, VXLAN
from ansible_collections.weft.overlay.plugins.module_utils.weft.kernel.state import DEVICE_ALIAS


class EntryKind(StrEnum):
    """The table that holds an entry for a peer."""

    ROUTE = "route"
    NEIGHBOUR = "neighbour"
    FDB = "fdb"
    DATAPATH = "datapath"


@dataclass(frozen=True, slots=True)
class PeerEntry:
    """An entry of one of the host's tables that leads to a peer.

    destination is the peer's subnet, or an address in it for a neighbour. A field that the entry
    does not have is None.
    """

    kind: EntryKind
    destination: IPv4Network | None = None
    public_ip: IPv4Address | None = None
    device: str | None = None


def own_devices(text: str) -> tuple[str, ...]:
    """Return the names of weft's devices in the output of `ip -N -j -d link show`."""
    return tuple(
        sorted(
            link["ifname"]
            for link in _entries(text)
            if link.get("ifalias") == DEVICE_ALIAS
            and link.get("linkinfo", {}).get("info_kind") in (TUN, VXLAN)
        )
    )


def peer_routes(text: str) -> Iterator[PeerEntry]:
    """Yield the routes to peers in the output of `ip -N -j -4 route show` for weft's protocol.

    The route of the whole network, which the userspace datapath needs, is skipped.
    """
    for entry in _entries(text):
        if "gateway" in entry:
            yield PeerEntry(
                EntryKind.ROUTE, IPv4Network(entry["dst"]), device=entry.get("dev") or None
            )


def peer_neighbours(text: str, device: str) -> Iterator[PeerEntry]:
    """Yield the neighbours in `ip -N -j -4 neighbour show dev DEVICE nud permanent`'s output."""
    for entry in _entries(text):
        yield PeerEntry(EntryKind.NEIGHBOUR, IPv4Network(entry["dst"]), device=device)


def peer_fdb_entries(text: str, device: str) -> Iterator[PeerEntry]:
    """Yield the entries with a remote host in the output of `bridge -j fdb show dev DEVICE`."""
    for entry in _entries(text):
        if "dst" in entry:
            yield PeerEntry(EntryKind.FDB, public_ip=IPv4Address(entry["dst"]), device=device)


def datapath_peers(peers: Iterable[Mapping[str, Any]]) -> Iterator[PeerEntry]:
    """Yield the peers in the status of the userspace datapath."""
    for peer in peers:
        yield PeerEntry(
            EntryKind.DATAPATH, IPv4Network(peer["subnet"]), IPv4Address(peer["public_ip"])
        )


def stale_entries(
    entries: Iterable[PeerEntry], leases: Mapping[IPv4Network, IPv4Address]
) -> tuple[PeerEntry, ...]:
    """Return the entries that belong to no lease, given the public IP of each leased subnet."""
    public_ips = frozenset(leases.values())
    return tuple(entry for entry in entries if not _has_lease(entry, leases, public_ips))


def _has_lease(
    entry: PeerEntry,
    leases: Mapping[IPv4Network, IPv4Address],
    public_ips: frozenset[IPv4Address],
) -> bool:
    destination = entry.destination
    if destination is None:
        return entry.public_ip in public_ips
    return any(
        destination.subnet_of(subnet) and entry.public_ip in (None, public_ip)
        for subnet, public_ip in leases.items()
    )


def _entries(text: str) -> list[dict[str, Any]]:
    # iproute2 prints an empty object for a filtered entry, and nothing for an empty table.
    return [entry for entry in json.loads(text or "[]") if entry]
