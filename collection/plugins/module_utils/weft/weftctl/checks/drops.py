# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the userspace datapath has dropped what points to a fault, since it started."""

from __future__ import annotations

from collections.abc import Mapping

from ...datapath.policy import Drop
from ..facts import HostFacts
from ..finding import Check, Flaw, Severity

_SUSPECTS: Mapping[Drop, tuple[str, str]] = {
    Drop.SOURCE_PORT: (
        "came from a peer, but from another port: something translates addresses between",
        "on the peers, and what routes between: iptables -t nat -S POSTROUTING; except UDP between "
        "the hosts from what translates there",
    ),
    Drop.INNER_SOURCE: (
        "carried a source outside of their sender's subnet",
        "on the senders: weftctl doctor (a MASQUERADE before WEFT-POSTROUTING, or another bip)",
    ),
    Drop.INNER_DESTINATION: (
        "were for another subnet than this host's",
        "on the senders: weftctl leases, and 'systemctl restart weftd' where they differ",
    ),
    Drop.SEND_REFUSED: (
        "could not be sent: a rule of this host, or the peer's closed port",
        "iptables -S OUTPUT; on the peers: systemctl status weft-datapath",
    ),
    Drop.UNDERLAY_UNREACHABLE: (
        "could not be sent: the underlay had no way to the peer",
        "ip route get to the public IP of each peer of 'weftctl peers'",
    ),
    Drop.WRONG_CHECKSUM: (
        "carried a checksum that was wrong from the start",
        "on this host: ethtool -K docker0 tx off",
    ),
}


def examine(facts: HostFacts) -> list[Flaw]:
    """A warning for each reason that counted; a count may be of a fault that is over."""
    if facts.datapath is None:
        return []
    drops = facts.datapath["counters"]["drops"]
    return [
        Flaw(f"{drops[reason.label]} packets {text}", mend, Severity.WARNING)
        for reason, (text, mend) in _SUSPECTS.items()
        if drops.get(reason.label)
    ]


CHECK = Check("drops", "nothing was dropped that points to a fault", (), examine)
