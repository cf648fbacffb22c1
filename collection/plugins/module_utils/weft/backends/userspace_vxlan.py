# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The vxlan backend on the userspace datapath, for hosts whose kernel has no VXLAN.

The lease, the wire format and the device's name, address and MTU are flannel's (flannel:
pkg/backend/vxlan). The device is a TUN, without Ethernet: it needs no neighbours and no FDB, and
one route to the network serves all peers.
"""

from __future__ import annotations

from ..model.network import VXLAN_PORT, Backend
from .plan import Overlay, Plan
from .userspace import backend_data, peer_document, plan_userspace
from .vtep import (
    ENCAPSULATION_OVERHEAD,
    TYPE,
    device_name,
    lease_data,
    usable_peers,
    vni_of,
    vtep_mac,
)


def plan_userspace_vxlan(overlay: Overlay, masquerade: bool) -> Plan:
    """Return the plan of this host. Raises RefusedError."""
    backend = overlay.network.backend
    peers, problems = usable_peers(overlay.peers)
    data = backend_data(overlay.offloads)
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
        lease_data=None if data is None else lease_data(overlay, data),
        problems=[*_unsupported(backend), *problems],
    )


def _unsupported(backend: Backend) -> list[str]:
    """Return a problem for each option of the network that this datapath ignores."""
    options = {"DirectRouting": backend.direct_routing, "GBP": backend.gbp}
    return [
        f"the network's option {name} is not supported by the userspace datapath: disable it, "
        "or remove this host from the network"
        for name, enabled in options.items()
        if enabled
    ]
