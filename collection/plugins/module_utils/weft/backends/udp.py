# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The udp backend: the userspace datapath carries bare IPv4 packets in UDP datagrams.

The device, its address and the one route to the whole network are flannel's
(flannel: pkg/backend/udp/udp_network_amd64.go), so is the wire.
"""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Address, IPv4Interface
from typing import Any

from ..datapath.offloads import ACTIVE, IDLE, Offload
from ..kernel.firewall import OverlayTraffic
from ..kernel.state import Address, Device, HostState, Route
from ..lease import Lease
from .announcement import announces_partial_checksum, partial_checksum_data
from .plan import Announcement, Overlay, Plan

DEVICE = "flannel0"
DEFAULT_PORT = 8285
# An IPv4 header without options and a UDP header, in bytes (RFC 791, RFC 768).
ENCAPSULATION_OVERHEAD = 28


def plan_udp(overlay: Overlay, masquerade: bool) -> Plan:
    """The plan of this host; every lease is a peer, whatever its type, as for flannel.

    A lease whose public IP is no host's is a problem, and no reason to leave the others alone.
    """
    network, subnet = overlay.network.network, overlay.own.subnet
    mtu = (overlay.network.backend.mtu or overlay.interface_mtu) - ENCAPSULATION_OVERHEAD
    peers = [peer for peer in overlay.peers if _is_host(peer.public_ip)]
    return Plan(
        state=HostState(
            devices=frozenset({Device(DEVICE, mtu)}),
            addresses=frozenset({Address(DEVICE, IPv4Interface((subnet.network_address, 32)))}),
            routes=frozenset({Route(network, DEVICE)}),
        ),
        mtu=mtu,
        traffic=OverlayTraffic(network, subnet, (DEVICE,), masquerade),
        announcement=_announcement(overlay.offloads),
        datapath_table={
            "backend": "udp",
            "device": DEVICE,
            "bind": str(overlay.address),
            "port": overlay.network.backend.port or DEFAULT_PORT,
            "mtu": mtu,
            "network": str(network),
            "subnet": str(subnet),
            "peers": [_peer_document(peer, overlay.own) for peer in peers],
            **_offloads_document(overlay.offloads_disabled),
        },
        problems=tuple(
            f"{peer.subnet} is leased to {peer.public_ip}, which is no host's address: "
            "correct or remove that lease"
            for peer in overlay.peers
            if not _is_host(peer.public_ip)
        ),
    )


def _peer_document(peer: Lease, own: Lease) -> dict[str, Any]:
    """Return a peer of the table; what both ends announce is used between them."""
    document: dict[str, Any] = {"subnet": str(peer.subnet), "public_ip": str(peer.public_ip)}
    if announces_partial_checksum(peer) and announces_partial_checksum(own):
        document["partial_checksum"] = True
    return document


def _announcement(offloads: Mapping[str, str] | None) -> Announcement | None:
    if offloads is None:
        return None
    # Idle is able: each host waits for a peer that announces, so one has to be the first.
    able = offloads.get(Offload.PARTIAL_CHECKSUM) in (ACTIVE, IDLE)
    return Announcement(backend_data=partial_checksum_data() if able else None)


def _offloads_document(disabled: tuple[str, ...]) -> dict[str, Any]:
    return {"offloads": dict.fromkeys(sorted(disabled), False)} if disabled else {}


def _is_host(address: IPv4Address) -> bool:
    return not (address.is_multicast or address.is_reserved or address.is_unspecified)
