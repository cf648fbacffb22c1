# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan of a backend on the userspace datapath: one TUN device, one route, one table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from ipaddress import IPv4Interface
from typing import Any

from ..datapath.offloads import ACTIVE, IDLE, Offload
from ..kernel.firewall import OverlayTraffic
from ..kernel.state import Address, Device, HostState, Route
from ..model.json_object import JsonObject
from ..model.lease import Lease
from .plan import LeaseData, Overlay, Plan

# The part of `BackendData` that only weft reads; flannel ignores it.
_SECTION = "weft"
_INNER_CHECKSUM = "InnerChecksum"
_PARTIAL = "partial"


def plan_userspace(
    overlay: Overlay,
    masquerade: bool,
    *,
    wire: Mapping[str, Any],
    overhead: int,
    peers: Sequence[Mapping[str, Any]],
    lease_data: LeaseData | None,
    problems: Iterable[str],
) -> Plan:
    """Return the plan of a host whose userspace datapath sends to `peers`, entries of the table.

    wire: the table's keys of the backend: backend, device, port, and its own. overhead: the bytes
    of encapsulation per packet.
    """
    network, subnet, device = overlay.network.network, overlay.own.subnet, wire["device"]
    mtu = overlay.underlay_mtu - overhead
    disabled = sorted(overlay.offloads_disabled)
    return Plan(
        state=HostState(
            devices=frozenset({Device(device, mtu)}),
            addresses=frozenset({Address(device, IPv4Interface((subnet.network_address, 32)))}),
            routes=frozenset({Route(network, device)}),
        ),
        mtu=mtu,
        traffic=OverlayTraffic(network, subnet, (device,), masquerade),
        lease_data=lease_data,
        datapath_table={
            **wire,
            "bind": str(overlay.address),
            "mtu": mtu,
            "network": str(network),
            "subnet": str(subnet),
            "peers": list(peers),
            **({"offloads": dict.fromkeys(disabled, False)} if disabled else {}),
            **({"queues": overlay.queues} if overlay.queues > 1 else {}),
        },
        problems=(*overlay.mtu_problems(), *problems),
    )


def peer_document(peer: Lease) -> dict[str, Any]:
    """Return the table's entry of a peer, with the options that its lease supports."""
    document: dict[str, Any] = {"subnet": str(peer.subnet), "public_ip": str(peer.public_ip)}
    if accepts_partial_checksum(peer):
        document["partial_checksum"] = True
    return document


def backend_data(offloads: Mapping[str, str] | None) -> JsonObject | None:
    """Return weft's part of `BackendData`; None while the datapath is unreachable.

    An idle offload is included: it becomes active when a peer's lease supports it, too.
    """
    if offloads is None:
        return None
    accepts = offloads.get(Offload.PARTIAL_CHECKSUM) in (ACTIVE, IDLE)
    return partial_checksum_data() if accepts else {}


def partial_checksum_data() -> JsonObject:
    """Return the `BackendData` of a host that accepts partial inner checksums."""
    return {_SECTION: {_INNER_CHECKSUM: _PARTIAL}}


def accepts_partial_checksum(lease: Lease) -> bool:
    """Return whether the host of the lease accepts packets with a partial inner checksum."""
    data = lease.backend_data
    section = data.get(_SECTION) if isinstance(data, dict) else None
    return isinstance(section, dict) and section.get(_INNER_CHECKSUM) == _PARTIAL
