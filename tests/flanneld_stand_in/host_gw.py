# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The host-gw backend (flannel: pkg/backend/hostgw, pkg/backend/route_network.go)."""

from __future__ import annotations

import time
from collections.abc import Mapping
from ipaddress import IPv4Network

from .backend import Place
from .links import ip
from .store import Lease

# Seconds (flannel: pkg/backend/route_network.go, routeCheckRetries).
_LOOK_AGAIN = 10.0


class HostGateway:
    """A route for each peer, by way of its public IP; missing ones come back."""

    backend_type = "host-gw"
    backend_data = None

    def __init__(self, place: Place) -> None:
        self.mtu = place.interface.mtu
        self._device = place.interface.name
        self._peers: dict[IPv4Network, Lease] = {}
        self._looked = time.monotonic()

    def follow(self, peers: Mapping[IPv4Network, Lease]) -> None:
        wanted = {key: peers[key] for key in peers if peers[key].backend_type == self.backend_type}
        for subnet in self._peers.keys() - wanted.keys():
            ip(f"route delete {self._route(self._peers[subnet])}")
        again = time.monotonic() - self._looked > _LOOK_AGAIN
        for subnet, lease in wanted.items():
            if again or lease != self._peers.get(subnet):
                ip(f"route replace {self._route(lease)}")
        if again:
            self._looked = time.monotonic()
        self._peers = wanted

    def carry(self, seconds: float) -> None:
        time.sleep(seconds)

    def _route(self, lease: Lease) -> str:
        return f"{lease.subnet} via {lease.public_ip} dev {self._device}"
