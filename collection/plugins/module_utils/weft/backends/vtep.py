# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tunnel end of a vxlan host: its MAC address, and what leases tell of it (flannel: vxlan.go).

The same for both datapaths, so that a host can change from one to the other.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address

from ..datapath.wire.vxlan import MacError, parse_mac
from ..model.json_object import JsonObject
from ..model.lease import Lease
from ..model.network import VXLAN_VNI, Backend
from .flaws import impossible_address
from .plan import Announcement, Overlay, RefusedError

TYPE = "vxlan"
# IPv4 and UDP headers, the VXLAN header and the inner Ethernet header, in bytes (RFC 7348, 5).
ENCAPSULATION_OVERHEAD = 50

_VNI = "VNI"
_VTEP_MAC = "VtepMAC"
# Locally administered and unicast (IEEE 802, 8.4); the second byte is weft's.
_MAC_PREFIX = "02:77"
# IFNAMSIZ less the final zero (linux/if.h).
_NAME_MAX = 15


def vni_of(backend: Backend) -> int:
    """Return the network's identifier, flannel's own where it gives none."""
    return VXLAN_VNI if backend.vni is None else backend.vni


def device_name(backend: Backend) -> str:
    """Return flannel's name of the device. Raises RefusedError if the kernel takes none so long."""
    name = f"flannel.{vni_of(backend)}"
    if len(name) > _NAME_MAX:
        raise RefusedError(
            f"the network's VNI {vni_of(backend)} makes the device {name}, a name of more than "
            f"{_NAME_MAX} characters, which the kernel refuses: publish one below 10000000"
        )
    return name


def vtep_mac(public_ip: IPv4Address) -> str:
    """The MAC address of the tunnel end of the host with that public IP.

    A host is known by its public IP, so this is stable over restarts, reboots and a new install,
    and no two hosts of a network have the same, as two clones of one machine-id would.
    """
    return ":".join((_MAC_PREFIX, *(f"{byte:02x}" for byte in public_ip.packed)))


def announcement(overlay: Overlay, takes: JsonObject) -> Announcement:
    """Return what the own lease is to say; takes is what the datapath adds to flannel's part."""
    mac = vtep_mac(overlay.own.public_ip)
    return Announcement(TYPE, {_VNI: vni_of(overlay.network.backend), _VTEP_MAC: mac, **takes})


def announced_mac(lease: Lease) -> str | None:
    """The MAC address of the tunnel end that a lease announces; None where there is no good one."""
    data = lease.backend_data
    mac = data.get(_VTEP_MAC) if isinstance(data, dict) else None
    if not isinstance(mac, str):
        return None
    try:
        return parse_mac(mac).hex(":")
    except MacError:
        return None


def usable_peers(peers: Iterable[Lease]) -> tuple[list[tuple[Lease, str]], list[str]]:
    """Return the peers of this type, each with its tunnel end's MAC, and what is wrong with others.

    A lease of another type is no peer, as for flannel. One that cannot be used is a problem, and no
    reason to leave the others alone; so is one that takes a MAC which a former one has.
    """
    usable: list[tuple[Lease, str]] = []
    problems: list[str] = []
    holders: dict[str, Lease] = {}
    for peer in peers:
        if peer.backend_type != TYPE:
            continue
        flaw = impossible_address(peer)
        mac = announced_mac(peer)
        if flaw is None and mac is None:
            flaw = _without_mac(peer)
        if flaw is None and mac is not None:
            holder = holders.setdefault(mac, peer)
            if holder.public_ip == peer.public_ip:
                usable.append((peer, mac))
                continue
            flaw = (
                f"{peer.public_ip} ({peer.subnet}) announces the tunnel end {mac} of "
                f"{holder.public_ip} ({holder.subnet}): give one of the two hosts another"
            )
        problems.append(str(flaw))
    return usable, problems


def _without_mac(lease: Lease) -> str:
    return (
        f"the lease of {lease.subnet} by {lease.public_ip} has no usable {_VTEP_MAC} "
        f"({lease.backend_data!r}): restart the daemon of that host, which writes it"
    )
