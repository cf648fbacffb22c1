# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The udp backend: the userspace datapath carries bare IPv4 packets in UDP datagrams.

The device, its address and the one route to the whole network are flannel's
(flannel: pkg/backend/udp/udp_network_amd64.go), so is the wire.
"""

from __future__ import annotations

from ..model.network import UDP_PORT
from .flaws import impossible_address
from .plan import Announcement, Overlay, Plan
from .userspace import peer_document, plan_userspace, what_datapath_takes

DEVICE = "flannel0"
# An IPv4 header without options and a UDP header, in bytes (RFC 791, RFC 768).
ENCAPSULATION_OVERHEAD = 28


def plan_udp(overlay: Overlay, masquerade: bool) -> Plan:
    """The plan of this host; every lease is a peer, whatever its type, as for flannel.

    A lease whose public IP is no host's is a problem, and no reason to leave the others alone.
    """
    flaws = {peer: impossible_address(peer) for peer in overlay.peers}
    data = what_datapath_takes(overlay.offloads)
    return plan_userspace(
        overlay,
        masquerade,
        wire={
            "backend": "udp",
            "device": DEVICE,
            "port": overlay.network.backend.port or UDP_PORT,
        },
        overhead=ENCAPSULATION_OVERHEAD,
        peers=[peer_document(peer) for peer, flaw in flaws.items() if flaw is None],
        announcement=None if data is None else Announcement(backend_data=data or None),
        problems=[flaw for flaw in flaws.values() if flaw is not None],
    )
