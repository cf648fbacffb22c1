# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The udp backend (flannel: pkg/backend/udp/udp_network_amd64.go, proxy_amd64.c).

The device is not persistent: it goes with this process.
"""

from __future__ import annotations

import fcntl
import os
import selectors
import socket
import struct
import time
from collections.abc import Mapping
from ipaddress import IPv4Address, IPv4Network

from .backend import Place
from .links import ip
from .store import Lease

_TUNSETIFF = 0x400454CA
_IFF_TUN, _IFF_NO_PI = 0x0001, 0x1000
_DEVICE = "flannel0"
_PORT = 8285
# IPv4 and UDP headers, in bytes.
_OVERHEAD = 28


class Udp:
    """One TUN device, one route to the network, one socket."""

    backend_type = ""
    backend_data = None

    def __init__(self, place: Place) -> None:
        self.mtu = place.interface.mtu - _OVERHEAD
        self._port = place.options.get("Port", _PORT)
        self._peers: dict[IPv4Network, str] = {}
        self._tun = os.open("/dev/net/tun", os.O_RDWR)
        request = struct.pack("16sH22x", _DEVICE.encode(), _IFF_TUN | _IFF_NO_PI)
        fcntl.ioctl(self._tun, _TUNSETIFF, request)
        ip(f"address add {place.subnet.network_address}/32 dev {_DEVICE}")
        ip(f"link set {_DEVICE} mtu {self.mtu} up")
        # flanneld sets no scope, which is global in netlink; iproute2 would choose link.
        ip(f"route add {place.network} dev {_DEVICE} scope global")
        self._wire = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._wire.bind((str(place.interface.address), self._port))
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._tun, selectors.EVENT_READ)
        self._selector.register(self._wire, selectors.EVENT_READ)

    def follow(self, peers: Mapping[IPv4Network, Lease]) -> None:
        self._peers = {subnet: str(lease.public_ip) for subnet, lease in peers.items()}

    def carry(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            for key, _events in self._selector.select(left):
                if key.fd == self._tun:
                    self._send(os.read(self._tun, self.mtu))
                else:
                    os.write(self._tun, self._wire.recv(self.mtu))

    def _send(self, packet: bytes) -> None:
        destination = IPv4Address(packet[16:20])
        for subnet, public_ip in self._peers.items():
            if destination in subnet:
                self._wire.sendto(packet, (public_ip, self._port))
