# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stands where flanneld stood: its udp backend's device, address, route and wire.

The device is not persistent: like flannel's, it goes with this process (flannel:
pkg/backend/udp/udp_network_amd64.go, proxy_amd64.c). Peers are arguments, SUBNET=PUBLIC-IP.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import selectors
import socket
import struct
import subprocess
from ipaddress import IPv4Address, IPv4Network

TUNSETIFF = 0x400454CA
IFF_TUN, IFF_NO_PI = 0x0001, 0x1000
DEVICE, MTU, PORT = "flannel0", 1472, 8285


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--network", type=IPv4Network, required=True)
    parser.add_argument("--subnet", type=IPv4Network, required=True)
    parser.add_argument("--public-ip", required=True)
    parser.add_argument("peers", nargs="*")
    options = parser.parse_args()
    peers = {
        IPv4Network(subnet): (public_ip, PORT)
        for subnet, public_ip in (peer.split("=") for peer in options.peers)
    }
    tun = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH22x", DEVICE.encode(), IFF_TUN | IFF_NO_PI))
    for command in (
        f"address add {options.subnet.network_address}/32 dev {DEVICE}",
        f"link set {DEVICE} mtu {MTU} up",
        f"route add {options.network} dev {DEVICE}",
    ):
        subprocess.run(["ip", *command.split()], check=True)
    wire = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    wire.bind((options.public_ip, PORT))
    selector = selectors.DefaultSelector()
    selector.register(tun, selectors.EVENT_READ)
    selector.register(wire, selectors.EVENT_READ)
    while True:
        for key, _events in selector.select():
            if key.fd == tun:
                packet = os.read(tun, MTU)
                destination = IPv4Address(packet[16:20])
                for subnet, peer in peers.items():
                    if destination in subnet:
                        wire.sendto(packet, peer)
            else:
                os.write(tun, wire.recv(MTU))


if __name__ == "__main__":
    main()
