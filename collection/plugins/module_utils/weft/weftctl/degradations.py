# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What degrades an overlay whose agent is ready, such as an etcd that is unreachable.

The agent reports none of it as a problem, since packets still pass and a restart changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..model.lease import Lease
from .formatting import format_moment
from .peer_replies import PeerReplies

_NAMED = 5


def degradations(
    agent: Mapping[str, Any], replies: Mapping[Lease, PeerReplies], now: float
) -> list[str]:
    """Return each, with the next step; `agent` is the status document of a running agent."""
    found = []
    expiry, path = agent.get("certificate_expiry"), agent.get("certificate")
    expired = False
    if expiry is not None and expiry <= now:
        expired = True
        found.append(
            f"the certificate {path or 'of this host'} expired at {format_moment(expiry)}: renew "
            "it with 'ansible-playbook -i hosts.yml weft.overlay.rotate' on the controller"
        )
    # At its start the agent has not connected yet; an expired certificate is the cause.
    store = agent["store"]
    if not store["connected"] and store["problem"] and not expired:
        found.append(
            f"etcd unreachable ({store['problem']}): packets pass, but changes do not reach this "
            "host"
        )
    blocked = [peer for peer, each in replies.items() if each.underlay and not each.overlay]
    # An older release does not report the port.
    port = agent.get("port")
    transport = f"UDP {port}" if port else "the overlay's traffic"
    found += [
        f"{peer.public_ip} ({peer.subnet}) replies to ping, but not through the overlay: "
        f"{transport} is blocked between the hosts, or weftd or Docker on that host is down"
        for peer in blocked[:_NAMED]
    ]
    if len(blocked) > _NAMED:
        found.append(f"{len(blocked) - _NAMED} more hosts do not reply through the overlay")
    return found


def silent_peers(replies: Mapping[Lease, PeerReplies]) -> str:
    """Return the peers that reply neither in the overlay nor outside it; empty without one."""
    silent = [
        str(peer.public_ip)
        for peer, each in replies.items()
        if not each.underlay and not each.overlay
    ]
    if not silent:
        return ""
    more = f" and {len(silent) - _NAMED} more" if len(silent) > _NAMED else ""
    return f"no reply to ping from {', '.join(silent[:_NAMED])}{more}"
