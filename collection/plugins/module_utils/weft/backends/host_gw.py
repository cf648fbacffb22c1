# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The host-gw backend: each peer is the gateway to its subnet (flannel: pkg/backend/hostgw)."""

from __future__ import annotations

from ..kernel.firewall import OverlayTraffic
from ..kernel.state import HostState, Route
from .plan import LeaseData, Overlay, Plan, RefusedError, public_ip_problem

TYPE = "host-gw"


def plan_host_gw(overlay: Overlay, masquerade: bool) -> Plan:
    """Return the plan of this host; leases of another type are ignored, as by flannel.

    A peer that is not on the link is a problem of that peer only. Raises RefusedError if the peers
    cannot use this host as a gateway.
    """
    if overlay.own.public_ip != overlay.address:
        raise RefusedError(
            f"the public IP {overlay.own.public_ip} is not {overlay.address}, the address of "
            f"{overlay.interface}: host-gw requires hosts that reach each other without NAT; set "
            "public_ip to that address, or publish the backend vxlan"
        )
    leases = [peer for peer in overlay.peers if peer.backend_type == TYPE]
    reached = [peer for peer in leases if peer.public_ip in overlay.on_link]
    interface = overlay.interface
    return Plan(
        state=HostState(
            routes=frozenset(Route(peer.subnet, interface, peer.public_ip) for peer in reached)
        ),
        mtu=overlay.underlay_mtu,
        traffic=OverlayTraffic(
            overlay.network.network, overlay.own.subnet, (interface,), masquerade
        ),
        lease_data=LeaseData(TYPE),
        problems=(
            *overlay.mtu_problems(),
            *(
                public_ip_problem(peer)
                or f"{peer.public_ip} ({peer.subnet}) is not on the link of {interface}, so "
                "host-gw cannot reach it: move the host to that link, or publish the backend vxlan"
                for peer in leases
                if peer.public_ip not in overlay.on_link
            ),
        ),
    )
