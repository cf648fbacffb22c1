# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The vxlan backend on the userspace datapath, for hosts that need not have the kernel's.

The lease, the wire and the device's name, address and MTU are flannel's (flannel:
pkg/backend/vxlan). The device is a TUN: no Ethernet reaches it, so it needs no neighbours and no
FDB, and one route to the network does for all peers.
"""

from __future__ import annotations

from ipaddress import IPv4Address

from ..datapath.vxlan import MacError, parse_mac
from ..lease import Lease
from ..network import VXLAN_PORT, VXLAN_VNI, Backend
from .plan import Announcement, Overlay, Plan
from .userspace import impossible_address, peer_document, plan_userspace, what_datapath_takes

TYPE = "vxlan"
# IPv4 and UDP headers, the VXLAN header and the inner Ethernet header, in bytes (RFC 7348, 5).
ENCAPSULATION_OVERHEAD = 50

_VNI = "VNI"
_VTEP_MAC = "VtepMAC"
# Locally administered and unicast (IEEE 802, 8.4); the second byte is weft's.
_MAC_PREFIX = "02:77"


def plan_vxlan(overlay: Overlay, masquerade: bool) -> Plan:
    """The plan of this host; a lease of another type is no peer, as for flannel.

    A lease that says that it is of this type and cannot be used is a problem, and no reason to
    leave the others alone.
    """
    backend = overlay.network.backend
    vni = VXLAN_VNI if backend.vni is None else backend.vni
    mac = vtep_mac(overlay.own.public_ip)
    leases = [peer for peer in overlay.peers if peer.backend_type == TYPE]
    flaws = {peer: impossible_address(peer) or _without_mac(peer) for peer in leases}
    takes = what_datapath_takes(overlay.offloads)
    return plan_userspace(
        overlay,
        masquerade,
        wire={
            "backend": TYPE,
            "device": f"flannel.{vni}",
            "port": backend.port or VXLAN_PORT,
            "vni": vni,
            "vtep_mac": mac,
        },
        overhead=ENCAPSULATION_OVERHEAD,
        peers=[
            {**peer_document(peer, overlay.own), "vtep_mac": announced_mac(peer)}
            for peer, flaw in flaws.items()
            if flaw is None
        ],
        announcement=(
            None if takes is None else Announcement(TYPE, {_VNI: vni, _VTEP_MAC: mac, **takes})
        ),
        problems=[*_unsupported(backend), *(flaw for flaw in flaws.values() if flaw is not None)],
    )


def vtep_mac(public_ip: IPv4Address) -> str:
    """The MAC address of the tunnel end of the host with that public IP.

    A host is known by its public IP, so this is stable over restarts, reboots and a new install,
    and no two hosts of a network have the same, as two clones of one machine-id would.
    """
    return ":".join((_MAC_PREFIX, *(f"{byte:02x}" for byte in public_ip.packed)))


def announced_mac(lease: Lease) -> str | None:
    """The MAC address of the tunnel end that a lease announces; None where there is no good one."""
    data = lease.backend_data
    mac = data.get(_VTEP_MAC) if isinstance(data, dict) else None
    if not isinstance(mac, str):
        return None
    try:
        parse_mac(mac)
    except MacError:
        return None
    return mac


def _without_mac(lease: Lease) -> str | None:
    if announced_mac(lease) is not None:
        return None
    return (
        f"the lease of {lease.subnet} by {lease.public_ip} has no usable {_VTEP_MAC} "
        f"({lease.backend_data!r}): restart the daemon of that host, which writes it"
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
