# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernel datapath of vxlan, configured by weft's plan and netlink code without an agent."""

from __future__ import annotations

import json
import shlex
from ipaddress import IPv4Address

from bench.endpoint import Pair
from bench.overlay import Overlay
from bench.paths.path import IPV4_UDP, UNDERLAY_MTU, MeasuredPath, Side, sides
from bench.paths.weft import PYTHON, VXLAN_ETHERNET, copy_package, vtep_mac

_MTU = UNDERLAY_MTU - IPV4_UDP - VXLAN_ETHERNET

# Applies the plan of a host to the kernel, for the two leases on standard input.
_CONFIGURE = """
import json, sys
from ipaddress import IPv4Address, IPv4Network
from weft.backends.vxlan import plan_kernel_vxlan
from weft.backends.plan import Overlay
from weft.kernel.difference import difference
from weft.kernel.netlink import Netlink
from weft.kernel.state import HostState
from weft.model.lease import Lease
from weft.model.network import Network, parse_backend

config = json.load(sys.stdin)
network = IPv4Network(config["network"])
own, peer = (
    Lease(IPv4Network(subnet), IPv4Address(address), backend_type="vxlan", backend_data=data)
    for subnet, address, data in config["leases"]
)
overlay = Overlay(
    Network(
        network, own.subnet.prefixlen, network[0], peer.subnet[0], parse_backend(config["backend"])
    ),
    own, (peer,), "eth0", own.public_ip, config["mtu"], kernel_vxlan=True,
)
with Netlink() as netlink:
    plan = plan_kernel_vxlan(overlay, masquerade=False)
    for entry in netlink.apply(difference(plan.state, HostState())):
        if entry.error:
            sys.exit(entry.error)
"""


def _connect(pair: Pair, overlay: Overlay) -> IPv4Address:
    for side in sides(pair, overlay):
        copy_package(side.near)
        side.near.run(
            f"{PYTHON} -c {shlex.quote(_CONFIGURE)}", json.dumps(_document(overlay, side))
        )
    # The device has the first address of the subnet, the source of the host itself.
    return overlay.ends[1].subnet.network_address


def _document(overlay: Overlay, side: Side) -> dict[str, object]:
    return {
        "network": str(overlay.network),
        "backend": {"Type": "vxlan", "VNI": overlay.number, "Port": overlay.port},
        "leases": [
            (
                str(end.subnet),
                str(host.underlay),
                {"VNI": overlay.number, "VtepMAC": vtep_mac(host.underlay)},
            )
            for end, host in ((side.near_end, side.near), (side.far_end, side.far))
        ],
        "mtu": UNDERLAY_MTU,
    }


PATH = MeasuredPath(
    "weft-vxlan",
    f"the kernel's device, neighbour, FDB entry and route as weft lays them, MTU {_MTU}",
    _connect,
    ("python3-pyroute2",),
)
