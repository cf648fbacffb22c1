# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether br_netfilter hands bridged packets to rules that drop them.

flannel wants the module, for Kubernetes; weft's traffic is routed and needs it not.
"""

from __future__ import annotations

from ..facts import HostFacts
from ..finding import Check, Flaw, Severity
from ..host.verdict import Fate
from ..traffic import between_own_containers


def examine(facts: HostFacts) -> list[Flaw]:
    """Containers of this host that the firewall parts; with Docker's icc=false that is meant."""
    if facts.own is None or facts.sysctls.get("bridge/bridge-nf-call-iptables") != 1:
        return []
    verdict = between_own_containers(facts).verdict
    if verdict.fate is Fate.ACCEPTED:
        return []
    return [
        Flaw(
            f"br_netfilter is on, and {verdict.rule} parts containers of this host",
            "sysctl -w net.bridge.bridge-nf-call-iptables=0",
            Severity.WARNING,
        )
    ]


CHECK = Check(
    "br-netfilter",
    "bridged packets pass",
    ("sysctls", "rulesets", "own", "links"),
    examine,
)
