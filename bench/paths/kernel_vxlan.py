# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernel's VXLAN device (RFC 7348), made by ip-link(8) with its defaults."""

from __future__ import annotations

from ipaddress import IPv4Address

from bench.endpoint import Pair
from bench.overlay import Overlay
from bench.paths.path import IPV4_UDP, UNDERLAY_MTU, MeasuredPath, address_device, sides

_VXLAN_HEADER = 8
_ETHERNET_HEADER = 14
_MTU = UNDERLAY_MTU - IPV4_UDP - _VXLAN_HEADER - _ETHERNET_HEADER


def _connect(pair: Pair, overlay: Overlay) -> IPv4Address:
    pair.on_both(
        *(
            f"ip link add {overlay.device} type vxlan id {overlay.number} local "
            f"{side.near.underlay} remote {side.far.underlay} dstport {overlay.port} dev eth0"
            for side in sides(pair, overlay)
        )
    )
    return address_device(pair, overlay, _MTU)


PATH = MeasuredPath("kernel-vxlan", f"ip link add type vxlan, a fixed remote, MTU {_MTU}", _connect)
