# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The vxlan backend (flannel: pkg/backend/vxlan/vxlan.go, device.go, vxlan_network.go)."""

from __future__ import annotations

import secrets
import subprocess
import time
from collections.abc import Mapping
from ipaddress import IPv4Network
from pathlib import Path

from .backend import Place
from .links import ip, read_link
from .store import Lease

_PORT = 8472
# IPv4, UDP and VXLAN headers and the inner Ethernet header, in bytes.
_OVERHEAD = 50


class Vxlan:
    """One device of the kernel; a neighbour, an FDB entry and a route for each peer."""

    backend_type = "vxlan"

    def __init__(self, place: Place) -> None:
        vni = place.options.get("VNI", 1)
        self.mtu = place.interface.mtu - _OVERHEAD
        self._device = f"flannel.{vni}"
        self._peers: dict[IPv4Network, Lease] = {}
        # One that is there is kept, with its MAC address.
        if read_link(self._device) is None:
            ip(
                f"link add {self._device} address {_random_mac()} type vxlan id {vni}"
                f" dev {place.interface.name} local {place.interface.address}"
                f" dstport {place.options.get('Port', _PORT)} nolearning"
            )
        ip(f"address replace {place.subnet.network_address}/32 dev {self._device}")
        ip(f"link set {self._device} mtu {self.mtu} up")
        accept = Path(f"/proc/sys/net/ipv6/conf/{self._device}/accept_ra")
        if accept.exists():
            accept.write_text("0")
        link = read_link(self._device) or {}
        self.backend_data = {"VNI": vni, "VtepMAC": link["address"]}

    def follow(self, peers: Mapping[IPv4Network, Lease]) -> None:
        wanted = {key: peers[key] for key in peers if peers[key].backend_type == self.backend_type}
        for subnet in self._peers.keys() - wanted.keys():
            self._forget(self._peers[subnet])
        for subnet, lease in wanted.items():
            if lease != self._peers.get(subnet):
                self._lay(lease)
        self._peers = wanted

    def carry(self, seconds: float) -> None:
        time.sleep(seconds)

    def _lay(self, lease: Lease) -> None:
        mac, base = _mac_of(lease), lease.subnet.network_address
        ip(f"neighbour replace {base} lladdr {mac} dev {self._device} nud permanent")
        self._fdb("replace", lease)
        ip(f"route replace {lease.subnet} via {base} dev {self._device} onlink")

    def _forget(self, lease: Lease) -> None:
        base = lease.subnet.network_address
        ip(f"route delete {lease.subnet} via {base} dev {self._device} onlink")
        self._fdb("delete", lease)
        ip(f"neighbour delete {base} dev {self._device}")

    def _fdb(self, change: str, lease: Lease) -> None:
        words = (
            f"fdb {change} {_mac_of(lease)} dev {self._device} dst {lease.public_ip} self permanent"
        )
        subprocess.run(["bridge", *words.split()], check=True)


def _mac_of(lease: Lease) -> str:
    return str((lease.backend_data or {})["VtepMAC"])


def _random_mac() -> str:
    """A locally administered one of a single station (flannel: pkg/mac/mac.go)."""
    first, *others = secrets.token_bytes(6)
    return bytes([(first | 2) & 0xFE, *others]).hex(":")
