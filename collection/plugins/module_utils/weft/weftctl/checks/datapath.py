# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of the userspace datapath: whether it forwards, and which packets it dropped."""

from __future__ import annotations

from collections.abc import Mapping

from ...datapath.policy import Drop
from ..facts import HostFacts
from ..finding import Check, CheckProblem, Severity
from ..fixes import RESTART_AGENT, RESTART_DATAPATH

# Each reason that points to a fault, with its cause and fix.
_DROPS: Mapping[Drop, tuple[str, str]] = {
    Drop.SOURCE_PORT: (
        "came from a peer's address but from another UDP port: a NAT between the hosts "
        "rewrites them",
        "on the peers and the routers between: iptables -t nat -S POSTROUTING; exclude UDP between "
        "the hosts from the NAT rule",
    ),
    Drop.INNER_SOURCE: (
        "had an inner source outside the subnet of their sender",
        "on the senders: weftctl doctor (a MASQUERADE rule before WEFT-POSTROUTING, or a wrong "
        "bip)",
    ),
    Drop.INNER_DESTINATION: (
        "had an inner destination outside the subnet of this host",
        "on the senders: weftctl leases, and 'systemctl restart weftd' if they differ",
    ),
    Drop.SEND_REFUSED: (
        "could not be sent: a firewall rule of this host rejects them, or the peer's port is "
        "closed",
        "iptables -S OUTPUT; on the peers: systemctl status weft-datapath",
    ),
    Drop.UNDERLAY_UNREACHABLE: (
        "could not be sent: the underlay has no route to the peer",
        "ip route get to the public IP of each peer of 'weftctl peers'",
    ),
    Drop.WRONG_CHECKSUM: (
        "had a wrong checksum when the container sent them",
        "on this host: ethtool -K docker0 tx off",
    ),
}


def _datapath(facts: HostFacts) -> list[CheckProblem]:
    """Find a datapath that is unreachable, does not forward, or has outdated peers."""
    plan, status = facts.plan, facts.datapath
    if plan is None or plan.datapath_table is None:
        return []
    if status is None:
        return [CheckProblem(facts.unreadable["datapath"], RESTART_DATAPATH)]
    if not status["forwarding"]:
        reasons = "; ".join(status["problems"]) or "it has no forwarding table"
        return [CheckProblem(f"the datapath forwards no packets: {reasons}", RESTART_DATAPATH)]
    if status["table"] != plan.datapath_table:
        text = "the forwarding table of the datapath differs from the leases"
        return [CheckProblem(text, RESTART_AGENT)]
    return []


def _drops(facts: HostFacts) -> list[CheckProblem]:
    """Find drop counters that point to a fault, which may be over: they count from the start."""
    if facts.datapath is None:
        return []
    drops = facts.datapath["counters"]["drops"]
    return [
        CheckProblem(f"{drops[reason.label]} packets {cause}", fix, Severity.WARNING)
        for reason, (cause, fix) in _DROPS.items()
        if drops.get(reason.label)
    ]


DATAPATH = Check(
    "datapath", "the datapath forwards to the peers of the leases", ("plan",), _datapath
)
DROPS = Check("drops", "no drop counter points to a fault", (), _drops)
