# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The vxlan backend, on the kernel or the userspace datapath.

The lease, the wire format and the device's name, address and MTU are flannel's, and the same for
both datapaths, so that a host can change from one to the other. The kernel datapath has a
neighbour, an FDB entry and a route per peer (flannel: pkg/backend/vxlan/vxlan_network.go). The
device of the userspace datapath is a TUN, without Ethernet: it needs no neighbours and no FDB, and
one route to the network serves all peers.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Interface

from ..datapath.wire.vxlan import MacError, parse_mac
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
from ..model.json_object import JsonObject
from ..model.lease import Lease
from ..model.network import VXLAN_PORT, VXLAN_VNI, Backend
from .plan import LeaseData, Overlay, Plan, RefusedError, public_ip_problem
from .userspace import backend_data, peer_document, plan_userspace

TYPE = "vxlan"
# IPv4 and UDP headers, the VXLAN header and the inner Ethernet header, in bytes (RFC 7348, 5).
ENCAPSULATION_OVERHEAD = 50

_VNI = "VNI"
_VTEP_MAC = "VtepMAC"
# Locally administered and unicast (IEEE 802, 8.4); the second byte is weft's.
_MAC_PREFIX = "02:77"
# IFNAMSIZ less the final zero (linux/if.h).
_NAME_MAX = 15


def plan_vxlan(overlay: Overlay, masquerade: bool) -> Plan:
    """Return the plan for the kernel or the userspace datapath. Raises RefusedError."""
    plan = plan_kernel_vxlan if overlay.kernel_vxlan else plan_userspace_vxlan
    return plan(overlay, masquerade)


def plan_kernel_vxlan(overlay: Overlay, masquerade: bool) -> Plan:
    """Return the plan on the kernel datapath. Raises RefusedError.

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


def plan_userspace_vxlan(overlay: Overlay, masquerade: bool) -> Plan:
    """Return the plan on the userspace datapath. Raises RefusedError."""
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
