# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks whether a subnet is free on the host."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from ipaddress import IPv4Interface, IPv4Network
from typing import Any

from ansible_collections.weft.overlay.plugins.module_utils.weft.docker.errors import BridgeError

_TABLE_LOCAL = (
    "255"  # RT_TABLE_LOCAL of linux/rtnetlink.h: routes that the kernel makes for addresses
)
_HALF_DEFAULT = 1  # VPN clients override the default route by two routes of this length


class OverlapError(BridgeError):
    """The subnet overlaps an address or a route of the host."""


@dataclass(frozen=True, slots=True)
class UsedRange:
    """A subnet that an address or a route of the host uses."""

    network: IPv4Network
    device: str
    kind: str
    protocol: str = ""

    def __str__(self) -> str:
        return f"{self.kind} {self.network} on {self.device or 'no device'}"


@dataclass(frozen=True, slots=True)
class AllowedOverlaps:
    """The addresses and routes that may overlap: those of the bridge and of the overlay.

    ``overlay_devices`` are shell patterns. If ``overlay_network`` is set, only subnets inside it
    belong to the overlay.
    """

    bridge: str
    overlay_devices: tuple[str, ...]
    route_protocol: int
    overlay_network: IPv4Network | None = None

    def __contains__(self, used: UsedRange) -> bool:
        if used.device == self.bridge:
            return True
        of_overlay = used.protocol == str(self.route_protocol) or any(
            fnmatchcase(used.device, pattern) for pattern in self.overlay_devices
        )
        inside = self.overlay_network is None or used.network.subnet_of(self.overlay_network)
        return of_overlay and inside


def parse_addresses(text: str) -> list[UsedRange]:
    """Parse the output of ``ip -N -j -4 address show``. An address uses its whole subnet."""
    return [
        UsedRange(
            IPv4Interface(f"{entry['local']}/{entry['prefixlen']}").network,
            link["ifname"],
            "address",
        )
        for link in _records(text)
        for entry in link.get("addr_info", [])
        if "local" in entry
    ]


def parse_routes(text: str) -> list[UsedRange]:
    """Parse the output of ``ip -N -j -4 route show table all``, without default routes."""
    return [
        UsedRange(
            IPv4Network(entry["dst"]), entry.get("dev", ""), "route", entry.get("protocol", "")
        )
        for entry in _records(text)
        if entry["dst"] != "default" and entry.get("table") != _TABLE_LOCAL
    ]


def _records(text: str) -> Iterable[dict[str, Any]]:
    return [record for record in json.loads(text or "[]") if record]


def refuse_overlap(
    subnet: IPv4Network, used: Sequence[UsedRange], allowed: AllowedOverlaps
) -> None:
    """Raise OverlapError if ``subnet`` overlaps an address or a route that is not allowed."""
    conflicts = {
        str(entry)
        for entry in used
        if entry.network.prefixlen > _HALF_DEFAULT
        and entry.network.overlaps(subnet)
        and entry not in allowed
    }
    if conflicts:
        raise OverlapError(
            f"the subnet {subnet} overlaps addresses or routes of this host: "
            + "; ".join(sorted(conflicts))
            + ". Reserve another subnet for the host, or remove the address or route."
        )
