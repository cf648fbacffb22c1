# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a subnet is free on the host."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from ipaddress import IPv4Interface, IPv4Network
from typing import Any

from ansible_collections.weft.overlay.plugins.module_utils.weft.docker.errors import BridgeError

_TABLE_LOCAL = "255"  # RT_TABLE_LOCAL of linux/rtnetlink.h: the kernel's echo of the addresses
_HALF_DEFAULT = 1  # VPN clients override the default route by two routes of this length


class OverlapError(BridgeError):
    """The subnet is not free."""


@dataclass(frozen=True, slots=True)
class Occupied:
    """A range of addresses that the host already uses, and by what."""

    network: IPv4Network
    device: str
    kind: str
    protocol: str = ""

    def __str__(self) -> str:
        return f"{self.kind} {self.network} on {self.device or 'no device'}"


@dataclass(frozen=True, slots=True)
class Tolerated:
    """What may overlap: the bridge itself, and what the overlay puts on the host.

    ``overlay_devices`` are shell patterns. With ``overlay_network`` only what lies inside that
    network is the overlay's.
    """

    bridge: str
    overlay_devices: tuple[str, ...]
    route_protocol: int
    overlay_network: IPv4Network | None = None

    def __contains__(self, occupied: Occupied) -> bool:
        if occupied.device == self.bridge:
            return True
        ours = occupied.protocol == str(self.route_protocol) or any(
            fnmatchcase(occupied.device, pattern) for pattern in self.overlay_devices
        )
        inside = self.overlay_network is None or occupied.network.subnet_of(self.overlay_network)
        return ours and inside


def parse_addresses(text: str) -> list[Occupied]:
    """Read the answer of ``ip -N -j -4 address show``; an address occupies its whole subnet."""
    return [
        Occupied(
            IPv4Interface(f"{entry['local']}/{entry['prefixlen']}").network,
            link["ifname"],
            "address",
        )
        for link in _records(text)
        for entry in link.get("addr_info", [])
        if "local" in entry
    ]


def parse_routes(text: str) -> list[Occupied]:
    """Read the answer of ``ip -N -j -4 route show table all``, less the default routes."""
    return [
        Occupied(
            IPv4Network(entry["dst"]), entry.get("dev", ""), "route", entry.get("protocol", "")
        )
        for entry in _records(text)
        if entry["dst"] != "default" and entry.get("table") != _TABLE_LOCAL
    ]


def _records(text: str) -> Iterable[dict[str, Any]]:
    return [record for record in json.loads(text or "[]") if record]


def refuse_overlap(subnet: IPv4Network, occupied: Sequence[Occupied], tolerated: Tolerated) -> None:
    """Raise OverlapError if an address or a route of the host's stands in the way of ``subnet``."""
    conflicts = {
        str(entry)
        for entry in occupied
        if entry.network.prefixlen > _HALF_DEFAULT
        and entry.network.overlaps(subnet)
        and entry not in tolerated
    }
    if conflicts:
        raise OverlapError(
            f"the subnet {subnet} overlaps what this host already uses: "
            + "; ".join(sorted(conflicts))
            + ": reserve another subnet for it, or take the address or route away"
        )
