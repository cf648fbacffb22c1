# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The vxlan backend on the userspace datapath, for hosts that have not the kernel's.

The lease, the wire and the device's name, address and MTU are flannel's (flannel:
pkg/backend/vxlan). The device is a TUN: no Ethernet reaches it, so it needs no neighbours and no
FDB, and one route to the network does for all peers.
"""

from __future__ import annotations

from ..model.network import VXLAN_PORT, Backend
from .plan import Overlay, Plan
from .userspace import peer_document, plan_userspace, what_datapath_takes
from .vtep import (
    ENCAPSULATION_OVERHEAD,
    TYPE,
    announcement,
    device_name,
    usable_peers,
    vni_of,
    vtep_mac,
)


def plan_userspace_vxlan(overlay: Overlay, masquerade: bool) -> Plan:
    """The plan of this host. Raises RefusedError."""
    backend = overlay.network.backend
    peers, problems = usable_peers(overlay.peers)
    takes = what_datapath_takes(overlay.offloads)
    return plan_userspace(
        overlay,
        masquerade,
        wire={
            "backend": TYPE,
            "device": device_name(backend),
            "port": backend.port or VXLAN_PORT,
            "vni": vni_of(backend),
            "vtep_mac": vtep_mac(overlay.own.public_ip),
        },
        overhead=ENCAPSULATION_OVERHEAD,
        peers=[{**peer_document(peer), "vtep_mac": mac} for peer, mac in peers],
        announcement=None if takes is None else announcement(overlay, takes),
        problems=[*_unsupported(backend), *problems],
    )


def _unsupported(backend: Backend) -> list[str]:
    """Name the options of the network that packets will not follow."""
    options = {"DirectRouting": backend.direct_routing, "GBP": backend.gbp}
    return [
        f"the network's option {name} is on, which this datapath does not have: switch it off, "
        "or leave this host out of the network"
        for name, asked in options.items()
        if asked
    ]
