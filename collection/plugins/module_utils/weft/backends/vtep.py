# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The VTEP of a vxlan host: MAC address, device name and lease data (flannel: vxlan.go).

The same for both datapaths, so that a host can change from one to the other.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address

from ..datapath.wire.vxlan import MacError, parse_mac
from ..model.json_object import JsonObject
from ..model.lease import Lease
from ..model.network import VXLAN_VNI, Backend
from .plan import LeaseData, Overlay, RefusedError, public_ip_problem

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
    """Return the VNI of the network, by default flannel's."""
    return VXLAN_VNI if backend.vni is None else backend.vni


def device_name(backend: Backend) -> str:
    """Return flannel's name of the device. Raises RefusedError if it is too long for a device."""
    name = f"flannel.{vni_of(backend)}"
    if len(name) > _NAME_MAX:
        raise RefusedError(
            f"the network's VNI {vni_of(backend)} requires the device name {name}, which is longer "
            f"than the {_NAME_MAX} characters of a device name: publish a VNI below 10000000"
        )
    return name


def vtep_mac(public_ip: IPv4Address) -> str:
    """Return the MAC address of the VTEP of the host with that public IP.

    Derived from the public IP, it survives restarts, reboots and a reinstallation, and differs
    between clones, which share a machine-id.
    """
    return ":".join((_MAC_PREFIX, *(f"{byte:02x}" for byte in public_ip.packed)))


def lease_data(overlay: Overlay, data: JsonObject) -> LeaseData:
    """Return the lease data of this host: flannel's fields, and `data` of the datapath."""
    mac = vtep_mac(overlay.own.public_ip)
    return LeaseData(TYPE, {_VNI: vni_of(overlay.network.backend), _VTEP_MAC: mac, **data})


def _mac_of(lease: Lease) -> str | None:
    """Return the VTEP MAC address in a lease, None if it is missing or invalid."""
    data = lease.backend_data
    mac = data.get(_VTEP_MAC) if isinstance(data, dict) else None
    if not isinstance(mac, str):
        return None
    try:
        return parse_mac(mac).hex(":")
    except MacError:
        return None


def usable_peers(peers: Iterable[Lease]) -> tuple[list[tuple[Lease, str]], list[str]]:
    """Return the vxlan peers, each with its VTEP MAC address, and the problems of unusable leases.

    Leases of another type are ignored, as by flannel. A lease without a usable address, or with
    the MAC address of another host, is a problem of that peer only.
    """
    usable: list[tuple[Lease, str]] = []
    problems: list[str] = []
    holders: dict[str, Lease] = {}
    for peer in peers:
        if peer.backend_type != TYPE:
            continue
        problem = public_ip_problem(peer)
        mac = _mac_of(peer)
        if problem is None and mac is None:
            problem = _mac_problem(peer)
        if problem is None and mac is not None:
            holder = holders.setdefault(mac, peer)
            if holder.public_ip == peer.public_ip:
                usable.append((peer, mac))
                continue
            problem = (
                f"the lease of {peer.public_ip} ({peer.subnet}) has the VTEP MAC address {mac} of "
                f"{holder.public_ip} ({holder.subnet}): change that of one of the two hosts"
            )
        problems.append(str(problem))
    return usable, problems


def _mac_problem(lease: Lease) -> str:
    return (
        f"the lease {lease.subnet} of {lease.public_ip} has no usable {_VTEP_MAC} "
        f"({lease.backend_data!r}): restart the daemon of that host, which writes it"
    )
