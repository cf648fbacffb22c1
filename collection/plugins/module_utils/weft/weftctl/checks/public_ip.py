# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether each public IP is one host's alone, and each subnet has one holder."""

from __future__ import annotations

from ...agent.conflicts import shared_addresses
from ..advice import SITE
from ..facts import HostFacts
from ..finding import Check, Flaw


def examine(facts: HostFacts) -> list[Flaw]:
    """Public IPs that several leases name, and leases that overlap with this host's."""
    mend = f"'weftctl leases' shows them; set overlay_public_ip of each host, then {SITE}"
    own = facts.own
    rivals = [
        f"{lease.public_ip} holds {lease.subnet}, which overlaps with {own.subnet} of this host"
        for lease in facts.leases
        if own and lease.public_ip != own.public_ip and lease.subnet.overlaps(own.subnet)
    ]
    return [Flaw(text, mend) for text in (*shared_addresses(facts.leases), *rivals)]


CHECK = Check("public-ip", "no two hosts share a public IP or a subnet", ("leases",), examine)
