# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""weft's share of the kernel's tables, from the answers of `ip` and `bridge`. No I/O.

For those who look from outside the daemon, where pyroute2 may be missing.
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
    """What a host holds for one peer: what it leads to in the overlay, and to which host.

    destination is a subnet or, of a neighbour, an address in one; public_ip is None where the
    entry does not tell it, device where no device is named.
    """

    kind: EntryKind
    destination: IPv4Network | None = None
    public_ip: IPv4Address | None = None
    device: str | None = None


def own_devices(text: str) -> tuple[str, ...]:
    """The names of weft's devices in the answer of `ip -N -j -d link show`."""
    return tuple(
        sorted(
            link["ifname"]
            for link in _entries(text)
            if link.get("ifalias") == DEVICE_ALIAS
            and link.get("linkinfo", {}).get("info_kind") in (TUN, VXLAN)
        )
    )


def peer_routes(text: str) -> Iterator[PeerEntry]:
    """The routes to peers in the answer of `ip -N -j -4 route show` for weft's protocol.

    The route of the whole network, which the userspace datapath has, leads to no one peer.
    """
    for entry in _entries(text):
        if "gateway" in entry:
            yield PeerEntry(
                EntryKind.ROUTE, IPv4Network(entry["dst"]), device=entry.get("dev") or None
            )


def peer_neighbours(text: str, device: str) -> Iterator[PeerEntry]:
    """The neighbours in the answer of `ip -N -j -4 neighbour show dev DEVICE nud permanent`."""
    for entry in _entries(text):
        yield PeerEntry(EntryKind.NEIGHBOUR, IPv4Network(entry["dst"]), device=device)


def peer_fdb_entries(text: str, device: str) -> Iterator[PeerEntry]:
    """The entries that lead to a host in the answer of `bridge -j fdb show dev DEVICE`."""
    for entry in _entries(text):
        if "dst" in entry:
            yield PeerEntry(EntryKind.FDB, public_ip=IPv4Address(entry["dst"]), device=device)


def datapath_peers(peers: Iterable[Mapping[str, Any]]) -> Iterator[PeerEntry]:
    """The peers in the status of the userspace datapath."""
    for peer in peers:
        yield PeerEntry(
            EntryKind.DATAPATH, IPv4Network(peer["subnet"]), IPv4Address(peer["public_ip"])
        )


def strays(
    entries: Iterable[PeerEntry], leases: Mapping[IPv4Network, IPv4Address]
) -> tuple[PeerEntry, ...]:
    """The entries that no lease accounts for, given the public IP that holds each subnet."""
    holders = frozenset(leases.values())
    return tuple(entry for entry in entries if not _is_accounted_for(entry, leases, holders))


def _is_accounted_for(
    entry: PeerEntry,
    leases: Mapping[IPv4Network, IPv4Address],
    holders: frozenset[IPv4Address],
) -> bool:
    destination = entry.destination
    if destination is None:
        return entry.public_ip in holders
    return any(
        destination.subnet_of(subnet) and entry.public_ip in (None, public_ip)
        for subnet, public_ip in leases.items()
    )


def _entries(text: str) -> list[dict[str, Any]]:
    # iproute2 prints an empty object for what a filter leaves out, and nothing for an empty table.
    return [entry for entry in json.loads(text or "[]") if entry]
