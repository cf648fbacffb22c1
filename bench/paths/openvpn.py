# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""OpenVPN, peer to peer without TLS: plain packets in UDP datagrams."""

from __future__ import annotations

from ipaddress import IPv4Address

from bench.endpoint import Pair
from bench.overlay import Overlay
from bench.paths.path import IPV4_UDP, UNDERLAY_MTU, MeasuredPath, sides

# Without keys there is no header of its own.
_MTU = UNDERLAY_MTU - IPV4_UDP
_BUFFER = 4 << 20


def _connect(pair: Pair, overlay: Overlay) -> IPv4Address:
    for side in sides(pair, overlay):
        side.near.start(
            "bench-openvpn",
            *("openvpn", "--dev", overlay.device, "--dev-type", "tun", "--proto", "udp4"),
            *("--local", str(side.near.underlay), "--lport", str(overlay.port)),
            *("--remote", str(side.far.underlay), str(overlay.port)),
            *("--ifconfig", str(side.near_end.address), str(side.far_end.address)),
            *("--cipher", "none", "--auth", "none", "--tun-mtu", str(_MTU), "--fast-io"),
            *("--txqueuelen", "1000", "--sndbuf", str(_BUFFER), "--rcvbuf", str(_BUFFER)),
        )
    return overlay.ends[1].address


PATH = MeasuredPath(
    "openvpn",
    f"peer to peer without TLS, cipher and auth none, fast-io, 4 MiB socket buffers, MTU {_MTU}",
    _connect,
    ("openvpn",),
)
