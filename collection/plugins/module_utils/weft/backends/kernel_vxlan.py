# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The vxlan backend on the kernel datapath, identical to flannel's.

Device, and a neighbour, an FDB entry and a route per peer: flannel,
pkg/backend/vxlan/vxlan_network.go.
"""

from __future__ import annotations

from ipaddress import IPv4Interface

from ..kernel.firewall import OverlayTraffic
from ..kernel.state import (
    Address,
    Device,
    FdbEntry,
    HostState,
    Neighbour,
    Route,
    VxlanDevice,
)
from ..model.network import VXLAN_PORT
from .plan import Overlay, Plan
from .vtep import (
    ENCAPSULATION_OVERHEAD,
    device_name,
    lease_data,
    usable_peers,
    vni_of,
    vtep_mac,
)


def plan_kernel_vxlan(overlay: Overlay, masquerade: bool) -> Plan:
    """Return the plan of this host. Raises RefusedError.

    With DirectRouting, packets to a peer on the same link are routed without encapsulation.
    """
    network, subnet, backend = overlay.network.network, overlay.own.subnet, overlay.network.backend
    device = device_name(backend)
    mtu = overlay.underlay_mtu - ENCAPSULATION_OVERHEAD
    peers, problems = usable_peers(overlay.peers)
    direct = overlay.on_link if backend.direct_routing else frozenset()
    tunnelled = [(peer, mac) for peer, mac in peers if peer.public_ip not in direct]
    return Plan(
        state=HostState(
            vxlan_devices=frozenset(
                {
                    VxlanDevice(
                        name=device,
                        vni=vni_of(backend),
                        parent=overlay.interface,
                        local=overlay.address,
                        port=backend.port or VXLAN_PORT,
                        mac=vtep_mac(overlay.own.public_ip),
                        gbp=backend.gbp,
                        learning=backend.learning,
                    )
                }
            ),
            devices=frozenset({Device(device, mtu)}),
            addresses=frozenset({Address(device, IPv4Interface((subnet.network_address, 32)))}),
            neighbours=frozenset(
                Neighbour(device, peer.subnet.network_address, mac) for peer, mac in tunnelled
            ),
            fdb=frozenset(FdbEntry(device, mac, peer.public_ip) for peer, mac in tunnelled),
            routes=frozenset(
                Route(peer.subnet, overlay.interface, peer.public_ip)
                if peer.public_ip in direct
                else Route(peer.subnet, device, peer.subnet.network_address, on_link=True)
                for peer, _mac in peers
            ),
        ),
        mtu=mtu,
        traffic=OverlayTraffic(
            network,
            subnet,
            (device, overlay.interface) if backend.direct_routing else (device,),
            masquerade,
        ),
        lease_data=lease_data(overlay, {}),
        problems=(*overlay.mtu_problems(), *problems),
    )
