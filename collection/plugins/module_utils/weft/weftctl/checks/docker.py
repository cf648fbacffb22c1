# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of the bridge of Docker: its address and the MTU of containers."""

from __future__ import annotations

from ..facts import BRIDGE, HostFacts
from ..finding import Check, CheckProblem, Severity
from ..fixes import CONFIGURE_DOCKER, RESTART_DOCKER


def _bip(facts: HostFacts) -> list[CheckProblem]:
    """Find a bridge that does not exist, or whose address is not that of the lease."""
    lease, bridge = facts.own_lease, facts.bridge
    if lease is None:
        return []
    if bridge is None:
        return [CheckProblem(f"{BRIDGE} does not exist", "systemctl start docker")]
    addresses = [str(entry.interface) for entry in bridge.addresses]
    if lease.bip in addresses:
        return []
    configured = facts.docker_config.get("bip") == lease.bip
    return [
        CheckProblem(
            f"{bridge.name} has {', '.join(addresses) or 'no address'} but the lease is "
            f"{lease.subnet} (bip {lease.bip})",
            RESTART_DOCKER if configured else CONFIGURE_DOCKER,
        )
    ]


def _mtu(facts: HostFacts) -> list[CheckProblem]:
    """Find a container MTU above the MTU of the overlay.

    Before version 25 dockerd sets its MTU on containers only, and an idle bridge keeps 1500 (moby
    #46849), so the setting of dockerd takes precedence over the MTU of the bridge.
    """
    plan, bridge = facts.plan, facts.bridge
    if plan is None or bridge is None or bridge.mtu <= plan.mtu:
        return []
    configured = facts.docker_config.get("mtu")
    if isinstance(configured, int) and configured:
        if configured <= plan.mtu:
            return []
        text = f"Docker sets an MTU of {configured} on containers but the overlay has {plan.mtu}"
        return [CheckProblem(text, CONFIGURE_DOCKER)]
    return [
        CheckProblem(
            f"{bridge.name} has an MTU of {bridge.mtu} but the overlay has {plan.mtu}, and no MTU "
            "is configured in Docker",
            CONFIGURE_DOCKER,
            Severity.WARNING,
        )
    ]


def _docker_rules(facts: HostFacts) -> list[CheckProblem]:
    """Find rules of Docker that another program has flushed; dockerd adds them only at its start.

    The rules are the same in all releases: jumps to DOCKER in the table nat and from FORWARD in the
    table filter, and MASQUERADE for the subnet of the bridge.
    """
    bridge, config = facts.bridge, facts.docker_config
    uses_iptables = config.get("iptables", True) and config.get("firewall-backend") != "nftables"
    if bridge is None or bridge.name != BRIDGE or not bridge.addresses or not uses_iptables:
        return []
    lost = []
    if not _refers(facts, "nat", "PREROUTING", "DOCKER"):
        lost.append("publishing of ports (table nat)")
    if config.get("ip-masq", True) and not _refers(facts, "nat", "POSTROUTING", "MASQUERADE"):
        lost.append("MASQUERADE, by which containers reach other networks (table nat)")
    if not _refers(facts, "filter", "FORWARD", "DOCKER"):
        lost.append("isolation of Docker's networks (table filter)")
    if not lost:
        return []
    return [
        CheckProblem(
            f"Docker's own rules are missing: {'; '.join(lost)}. Another program has flushed them, "
            "such as 'iptables -F' or a restart of nftables",
            RESTART_DOCKER,
        )
    ]


def _refers(facts: HostFacts, table: str, chain: str, word: str) -> bool:
    """Return whether a rule of a chain has a target that begins with a word."""
    ruleset = facts.rulesets.get(table)
    rules = ruleset.chains.get(chain, ()) if ruleset else ()
    return any(f" -j {word}" in f" {rule}" for rule in rules)


BIP = Check("bip", "the bridge has the address of the lease", ("own_lease", "links"), _bip)
MTU = Check(
    "mtu",
    "the MTU of containers fits the overlay",
    ("plan", "links", "docker_config"),
    _mtu,
)
DOCKER_RULES = Check(
    "docker-rules",
    "the firewall has Docker's own rules",
    ("rulesets", "links", "docker_config"),
    _docker_rules,
)
