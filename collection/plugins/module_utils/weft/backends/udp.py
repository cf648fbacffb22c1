# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The udp backend: the userspace datapath sends each IPv4 packet as one UDP datagram.

The device, its address, the one route to the whole network and the wire format are flannel's
(flannel: pkg/backend/udp/udp_network_amd64.go).
"""

from __future__ import annotations

from ..model.network import UDP_PORT
from .plan import LeaseData, Overlay, Plan, public_ip_problem
from .userspace import backend_data, peer_document, plan_userspace

DEVICE = "flannel0"
# An IPv4 header without options and a UDP header, in bytes (RFC 791, RFC 768).
ENCAPSULATION_OVERHEAD = 28


def plan_udp(overlay: Overlay, masquerade: bool) -> Plan:
    """Return the plan of this host; a lease of any type is a peer, as for flannel.

    A lease whose public IP is not a host address is reported; the other peers are not affected.
    """
    problems = {peer: public_ip_problem(peer) for peer in overlay.peers}
    data = backend_data(overlay.offloads)
    return plan_userspace(
        overlay,
        masquerade,
        wire={
            "backend": "udp",
            "device": DEVICE,
            "port": overlay.network.backend.port or UDP_PORT,
        },
        overhead=ENCAPSULATION_OVERHEAD,
        peers=[peer_document(peer) for peer, problem in problems.items() if problem is None],
        lease_data=None if data is None else LeaseData(backend_data=data or None),
        problems=[problem for problem in problems.values() if problem is not None],
    )
