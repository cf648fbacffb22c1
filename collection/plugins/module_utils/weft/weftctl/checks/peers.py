# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of the peers: whether they reply, to large packets too, and forward to their bridge."""

from __future__ import annotations

from ...model.lease import Lease
from ..facts import HostFacts
from ..finding import Check, CheckProblem, Severity
from ..fixes import SITE
from ..peer_replies import PeerReplies, bridge_address

_REMOVE = (
    "if the host was removed permanently, on the controller: ansible-playbook -i hosts.yml "
    "weft.overlay.remove_host -e remove_hosts=NAME"
)


def _peers(facts: HostFacts) -> list[CheckProblem]:
    """Find peers that do not reply to ping; one that replies outside the overlay is up."""
    own = {address for link in facts.links.links for address in link.usable_addresses()}
    problems = []
    for peer, replies in _probed(facts):
        if peer.public_ip in own:
            problems.append(
                CheckProblem(
                    f"the lease {peer.subnet} is registered for {peer.public_ip}, which is an "
                    "address of this host, too",
                    "if this host had that address before, or is a clone, on the controller: "
                    "ansible-playbook -i hosts.yml weft.overlay.remove_host -e "
                    f"remove_hosts={peer.public_ip}",
                    Severity.WARNING,
                )
            )
        elif not replies.overlay:
            problems.append(_unreached(facts, peer, replies))
    return problems


def _unreached(facts: HostFacts, peer: Lease, replies: PeerReplies) -> CheckProblem:
    if not replies.underlay:
        return CheckProblem(
            f"{peer.public_ip} ({peer.subnet}) replies to ping neither through the overlay "
            "nor outside it",
            f"start that host, or repair the network to it ('ping {peer.public_ip}'); {_REMOVE}",
            Severity.WARNING,
        )
    transport = f"UDP {facts.port}" if facts.port else "the link"
    another = "another port or backend" if facts.port else "the backend vxlan or udp"
    return CheckProblem(
        f"{peer.public_ip} replies to ping, but {bridge_address(peer)} does not reply "
        f"through the overlay: {transport} is blocked between the hosts, or weftd or "
        "Docker on the peer is down",
        f"on {peer.public_ip}: weftctl doctor; if it names no other fault there and here, the "
        f"network between the hosts drops {transport}: allow it there, or set {another} in "
        f"overlay_backend, then {SITE}",
    )


def _large_packets(facts: HostFacts) -> list[CheckProblem]:
    """Find peers that reply to small packets through the overlay, but not to the largest ones."""
    if facts.plan is None or facts.underlay is None:
        return []
    problems = []
    interface, mtu = facts.underlay.interface, facts.plan.mtu
    published = facts.network.backend.mtu if facts.network else None
    overhead = min(published or facts.underlay.mtu, facts.underlay.mtu) - mtu
    for peer, replies in _probed(facts):
        if not replies.overlay or replies.largest == mtu:
            continue
        upto = f"of up to {replies.largest} bytes" if replies.largest else "that are small"
        fits = f"mtu: {replies.largest + overhead}" if replies.largest else "mtu"
        problems.append(
            CheckProblem(
                f"{peer.public_ip} replies through the overlay to packets {upto}, but not to "
                f"packets of {mtu} bytes: a link on the path has a smaller MTU than {interface}",
                f"set {fits} in overlay_backend, then {SITE}; or raise the MTU of the path "
                f"('ping -M do -s {facts.underlay.mtu - 28} {peer.public_ip}')",
            )
        )
    return problems


def _forwarding(facts: HostFacts) -> list[CheckProblem]:
    """Find peers that reply themselves, but forward no packet from here to their bridge."""
    return [
        CheckProblem(
            f"{peer.public_ip} replies through the overlay, but forwards no packet from this host "
            f"to its bridge: a firewall rule, or a missing route {peer.subnet} dev docker0, on "
            "that host",
            f"on {peer.public_ip}: weftctl doctor",
            Severity.WARNING,
        )
        for peer, replies in _probed(facts)
        if replies.overlay and replies.forwards is False
    ]


def _probed(facts: HostFacts) -> list[tuple[Lease, PeerReplies]]:
    probed = ((peer, facts.peer_replies.get(peer)) for peer in facts.peers)
    return [(peer, replies) for peer, replies in probed if replies is not None]


PEERS = Check("peers", "every peer replies through the overlay", ("peers", "peer_replies"), _peers)
LARGE_PACKETS = Check(
    "large-packets",
    "the overlay delivers packets of the full MTU to every peer that replies",
    ("plan", "peers", "peer_replies"),
    _large_packets,
)
PEER_FORWARDING = Check(
    "peer-forwarding",
    "every peer that replies forwards packets to its bridge",
    ("plan", "peers", "peer_replies"),
    _forwarding,
)
