# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""tinc 1.0: configured by tinc.conf(5)."""

from __future__ import annotations

from ipaddress import IPv4Address

from bench.endpoint import Endpoint, Pair
from bench.overlay import End, Overlay
from bench.paths.path import IPV4_UDP, UNDERLAY_MTU, MeasuredPath, address_device

_SEQUENCE_NUMBER = 4
# Also a router's packets travel as Ethernet frames (net_packet.c of tinc 1.0).
_ETHERNET_HEADER = 14
_MTU = UNDERLAY_MTU - IPV4_UDP - _SEQUENCE_NUMBER - _ETHERNET_HEADER

_BUFFER = 4 << 20
_DIRECTORY = "/etc/tinc/bench"
_SIDES = ("left", "right")


def _connect(pair: Pair, overlay: Overlay) -> IPv4Address:
    for endpoint, end, side in zip(pair.both, overlay.ends, _SIDES, strict=True):
        endpoint.write(f"{_DIRECTORY}/tinc.conf", _daemon(overlay, side))
        endpoint.write(f"{_DIRECTORY}/hosts/{side}", _host(endpoint, end, overlay))
        # It appends the public key to the host's file, and the secret one has a file of its own.
        endpoint.run("tincd --net bench --generate-keys=2048 </dev/null")
    _introduce(pair.left, pair.right, "left")
    _introduce(pair.right, pair.left, "right")
    for endpoint in pair.both:
        endpoint.start("bench-tinc", "tincd", "--net", "bench", "--no-detach")
    return address_device(pair, overlay, _MTU)


def _introduce(source: Endpoint, target: Endpoint, side: str) -> None:
    path = f"{_DIRECTORY}/hosts/{side}"
    target.write(path, source.run(f"cat {path}"))


def _daemon(overlay: Overlay, side: str) -> str:
    (other,) = set(_SIDES) - {side}
    return (
        f"Name = {side}\nConnectTo = {other}\nAddressFamily = ipv4\nMode = router\n"
        f"DeviceType = tun\nInterface = {overlay.device}\n"
        f"UDPRcvBuf = {_BUFFER}\nUDPSndBuf = {_BUFFER}\n"
    )


def _host(endpoint: Endpoint, end: End, overlay: Overlay) -> str:
    return (
        f"Address = {endpoint.underlay}\nPort = {overlay.port}\nSubnet = {end.subnet}\n"
        "Cipher = none\nDigest = none\nCompression = 0\n"
        # What exceeds the discovered MTU goes by TCP; the device's MTU fits from the beginning.
        "PMTUDiscovery = no\n"
    )


PATH = MeasuredPath(
    "tinc",
    f"router mode, Cipher, Digest and Compression off, UDP only, 4 MiB socket buffers, MTU {_MTU}",
    _connect,
    ("tinc",),
)
