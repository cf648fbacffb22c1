# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What backends on the userspace datapath share: one TUN device, one route, one table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from ipaddress import IPv4Interface
from typing import Any

from ..datapath.offloads import ACTIVE, IDLE, Offload
from ..kernel.firewall import OverlayTraffic
from ..kernel.state import Address, Device, HostState, Route
from ..model.json_object import JsonObject
from ..model.lease import Lease
from .announcement import announces_partial_checksum, partial_checksum_data
from .plan import Announcement, Overlay, Plan


def plan_userspace(
    overlay: Overlay,
    masquerade: bool,
    *,
    wire: Mapping[str, Any],
    overhead: int,
    peers: Sequence[Mapping[str, Any]],
    announcement: Announcement | None,
    problems: Iterable[str],
) -> Plan:
    """The plan of a host whose datapath carries `peers`, the table's, with `overhead` bytes each.

    wire is what the table says of the backend: the keys backend, device, port, and its own.
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
        announcement=announcement,
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
    """Return a peer of the table; what it announces is used towards it."""
    document: dict[str, Any] = {"subnet": str(peer.subnet), "public_ip": str(peer.public_ip)}
    if announces_partial_checksum(peer):
        document["partial_checksum"] = True
    return document


def what_datapath_takes(offloads: Mapping[str, str] | None) -> JsonObject | None:
    """The `BackendData` that says what the datapath takes; None while it does not answer.

    An offload that only waits for a peer must be announced, or both ends would wait for ever.
    """
    if offloads is None:
        return None
    takes = offloads.get(Offload.PARTIAL_CHECKSUM) in (ACTIVE, IDLE)
    return partial_checksum_data() if takes else {}
