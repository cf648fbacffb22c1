# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""wireguard-go, set up by wg(8); it always encrypts (ChaCha20-Poly1305)."""

from __future__ import annotations

from ipaddress import IPv4Address

from bench.endpoint import Endpoint, Pair
from bench.overlay import Overlay
from bench.paths.path import IPV4_UDP, UNDERLAY_MTU, MeasuredPath, address_device, sides

# A data message's type, receiver and counter, and Poly1305's tag (WireGuard's paper, 5.4.6).
_MESSAGE_HEADER = 16
_TAG = 16
_MTU = UNDERLAY_MTU - IPV4_UDP - _MESSAGE_HEADER - _TAG

_KEY = "/etc/wireguard/bench.key"


def _connect(pair: Pair, overlay: Overlay) -> IPv4Address:
    public_keys = [_generate(endpoint) for endpoint in pair.both]
    for side, far_key in zip(sides(pair, overlay), public_keys[::-1], strict=True):
        side.near.start("bench-wireguard-go", "wireguard-go", "--foreground", overlay.device)
        side.near.run(
            f"timeout 10 sh -c 'until wg show {overlay.device} >/dev/null 2>&1; do sleep 0.1; done'"
            f" && wg set {overlay.device} listen-port {overlay.port} private-key {_KEY}"
            f" peer {far_key} allowed-ips {side.far_end.subnet}"
            f" endpoint {side.far.underlay}:{overlay.port}"
        )
    return address_device(pair, overlay, _MTU)


def _generate(endpoint: Endpoint) -> str:
    endpoint.write(_KEY, endpoint.run("wg genkey"))
    return endpoint.run(f"wg pubkey < {_KEY}").strip()


PATH = MeasuredPath(
    "wireguard-go",
    f"ChaCha20-Poly1305 (there is no other form), its own TUN and UDP offloads, MTU {_MTU}",
    _connect,
    ("wireguard-go", "wireguard-tools"),
)
