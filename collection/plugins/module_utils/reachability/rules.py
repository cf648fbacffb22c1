# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rule of a host's firewall that rejects the first packet of a connection. No I/O."""

from __future__ import annotations

from ipaddress import IPv4Address

from ansible_collections.weft.overlay.plugins.module_utils.weft.weftctl.firewall_rules import (
    FirewallVerdict,
    Packet,
    evaluate,
    parse_rulesets,
)

from .ports import Port


def rejecting_rule(
    saved: str, source: IPv4Address, destination: IPv4Address, device: str, port: Port
) -> str:
    """Return the rule or policy that rejects a packet to this host, "" if none surely does.

    *saved* is the output of iptables-save, *device* the one on which the packet arrives.
    """
    ruleset = parse_rulesets(saved).get("filter")
    if ruleset is None:
        return ""
    packet = Packet(
        source=source,
        destination=destination,
        in_device=device,
        protocol=port.protocol.value,
        destination_port=port.number,
        destination_type="LOCAL",
    )
    decision = evaluate(ruleset, "INPUT", packet)
    return decision.rule if decision.verdict is FirewallVerdict.DROPPED else ""
