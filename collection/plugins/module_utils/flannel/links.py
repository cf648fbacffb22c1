# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""flannel's devices and routes, parsed from the output of `ip -N -j -d`.

flannel makes TUN and VXLAN devices (pkg/backend/udp, pkg/backend/vxlan), and routes with the
netlink library's default protocol, RTPROT_BOOT, which routing daemons and network managers do not
use. iproute2 shows that protocol only with `-d`.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from ipaddress import IPv4Network

from ansible_collections.weft.overlay.plugins.module_utils.weft.kernel.state import ROUTE_PROTOCOL

DEVICE_PATTERNS = ("flannel0", "flannel.*", "flannel-v6.*")

_KINDS = frozenset({"tun", "vxlan"})
_PROTOCOL_BOOT = "3"  # RTPROT_BOOT of linux/rtnetlink.h


@dataclass(frozen=True, slots=True, order=True)
class LeftRoute:
    """A route of the main table, with the fields that `ip route delete` needs to identify it."""

    destination: IPv4Network
    device: str
    gateway: str | None
    protocol: str
    metric: int | None = None

    def words(self) -> list[str]:
        """Return the arguments of `ip route`."""
        via = ["via", self.gateway] if self.gateway else []
        metric = [] if self.metric is None else ["metric", str(self.metric)]
        device = ["dev", self.device] if self.device else []
        return [str(self.destination), *via, *device, "proto", self.protocol, *metric]

    def __str__(self) -> str:
        return " ".join(self.words())


def left_devices(text: str, patterns: Sequence[str], keep: Collection[str]) -> tuple[str, ...]:
    """Return flannel's devices in the output of `ip -N -j -d link show`, without `keep`."""
    return tuple(
        sorted(
            link["ifname"]
            for link in json.loads(text or "[]")
            if link
            and link.get("linkinfo", {}).get("info_kind") in _KINDS
            and link["ifname"] not in keep
            and any(fnmatchcase(link["ifname"], pattern) for pattern in patterns)
        )
    )


def left_routes(text: str, network: IPv4Network, patterns: Sequence[str]) -> tuple[LeftRoute, ...]:
    """Return flannel's routes inside the network in the output of `ip -N -j -d -4 route show`.

    These are all routes over a flannel device, and the routes over other devices that have a
    gateway and flannel's protocol (host-gw, and vxlan with DirectRouting).
    """
    routes = [
        LeftRoute(
            IPv4Network(entry["dst"]),
            entry.get("dev", ""),
            entry.get("gateway"),
            str(entry.get("protocol", "")),
            entry.get("metric"),
        )
        for entry in json.loads(text or "[]")
        if entry and entry["dst"] != "default"
    ]
    return tuple(
        sorted(
            (route for route in routes if _is_flannels(route, network, patterns)),
            key=lambda route: (route.destination, route.device),
        )
    )


def _is_flannels(route: LeftRoute, network: IPv4Network, patterns: Sequence[str]) -> bool:
    if route.protocol == str(ROUTE_PROTOCOL) or not route.destination.subnet_of(network):
        return False
    if any(fnmatchcase(route.device, pattern) for pattern in patterns):
        return True
    return route.gateway is not None and route.protocol == _PROTOCOL_BOOT
