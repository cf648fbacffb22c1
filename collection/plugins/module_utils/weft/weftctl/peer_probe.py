# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Probes of the peers by ICMP echo: outside the overlay, through it, and through their bridge."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from ipaddress import IPv4Address

from ..model.lease import Lease
from .echo_probe import SMALL, Echo, EchoOutcome, send_echoes
from .peer_replies import PeerReplies, bridge_address

_REACH_TIMEOUT = 1.3
# The kernel of a peer reports an unused address after three ARP requests, one each second.
_FORWARD_TIMEOUT = 4.0
# How much smaller than the interface's MTU the path may be: PPPoE, IPIP and GRE, Google Cloud,
# VXLAN, WireGuard, IPsec, and the least of IPv6, with which an Ethernet carries 1280 bytes.
_REDUCTIONS = (8, 20, 24, 40, 50, 80, 100, 120, 150, 220, 300, 500, 924)


def reach_peers(peers: Collection[Lease]) -> dict[Lease, PeerReplies]:
    """Probe the bridge and the public IP of each peer; takes 1.3 s if one does not reply.

    Raises OSError, as without CAP_NET_RAW.
    """
    addresses = [each for peer in peers for each in (bridge_address(peer), peer.public_ip)]
    replies = _replies(map(Echo, addresses), _REACH_TIMEOUT)
    return {
        peer: PeerReplies(
            overlay=Echo(bridge_address(peer)) in replies, underlay=Echo(peer.public_ip) in replies
        )
        for peer in peers
    }


def probe_peers(peers: Collection[Lease], mtu: int) -> dict[Lease, PeerReplies]:
    """Probe also with packets of `mtu` bytes, and an address behind each peer's bridge.

    That address is the last of the subnet. A container that has it replies. Otherwise the peer's
    kernel reports that no host has it, once it has forwarded the packet: rules that drop forwarded
    packets, or a lost route to the bridge, prevent both. Raises OSError.
    """
    found = reach_peers(peers)
    reached = [peer for peer, replies in found.items() if replies.overlay]
    large = {peer: Echo(bridge_address(peer), mtu) for peer in reached}
    behind = {peer: Echo(_last_address(peer)) for peer in reached}
    outcomes = send_echoes([*large.values(), *behind.values()], _FORWARD_TIMEOUT)
    narrow = [peer for peer in reached if outcomes[large[peer]] is not EchoOutcome.REPLY]
    sizes = _largest_sizes(narrow, mtu)
    for peer in reached:
        found[peer] = replace(
            found[peer],
            forwards=outcomes[behind[peer]] is not EchoOutcome.NOTHING,
            largest=sizes.get(peer, mtu),
        )
    return found


def _largest_sizes(peers: Iterable[Lease], mtu: int) -> Mapping[Lease, int | None]:
    """Return the largest packet in bytes to which each peer replies, of the usual path MTUs."""
    candidates = [mtu - reduction for reduction in _REDUCTIONS if mtu - reduction >= SMALL]
    echoes = {peer: [Echo(bridge_address(peer), size) for size in candidates] for peer in peers}
    replied = _replies((echo for each in echoes.values() for echo in each), _REACH_TIMEOUT)
    return {
        peer: max((echo.size for echo in each if echo in replied), default=None)
        for peer, each in echoes.items()
    }


def _replies(echoes: Iterable[Echo], timeout: float) -> set[Echo]:
    outcomes = send_echoes(list(echoes), timeout)
    return {echo for echo, outcome in outcomes.items() if outcome is EchoOutcome.REPLY}


def _last_address(peer: Lease) -> IPv4Address:
    return peer.subnet.broadcast_address - 1
