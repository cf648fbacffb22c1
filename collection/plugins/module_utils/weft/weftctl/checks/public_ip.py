# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether each public IP is one host's alone, and each subnet has one holder."""

from __future__ import annotations

from collections.abc import Iterator

from ...host.conflicts import shared_addresses
from ..advice import SITE
from ..facts import HostFacts
from ..finding import Check, Flaw


def examine(facts: HostFacts) -> list[Flaw]:
    """Public IPs that several leases name, leases that overlap with this host's, and clones of it.

    Hosts with one public IP share one lease, so that the store shows nothing of a clone: the link
    does, where both are on it.
    """
    mend = f"'weftctl leases' shows them; set overlay_public_ip of each host, then {SITE}"
    own = facts.own
    rivals = [
        f"{lease.public_ip} holds {lease.subnet}, which overlaps with {own.subnet} of this host"
        for lease in facts.leases
        if own and lease.public_ip != own.public_ip and lease.subnet.overlaps(own.subnet)
    ]
    return [
        *(Flaw(text, mend) for text in (*shared_addresses(facts.leases), *rivals)),
        *_clones(facts),
    ]


def _clones(facts: HostFacts) -> Iterator[Flaw]:
    if facts.underlay is None:
        return
    address, interface = facts.underlay.address, facts.underlay.interface
    for mac in sorted(facts.claimants):
        yield Flaw(
            f"{mac}, another host on the link of {interface}, has this host's {address}, too, as a "
            "clone does",
            f"give one of the two another address, then {SITE}",
        )


CHECK = Check(
    "public-ip",
    "no two hosts share a public IP or a subnet",
    ("leases", "claimants"),
    examine,
)
