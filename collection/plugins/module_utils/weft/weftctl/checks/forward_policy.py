# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the firewall forwards the overlay's traffic, both ways (Docker sets the policy DROP)."""

from __future__ import annotations

from collections.abc import Iterator

from ..facts import HostFacts
from ..finding import Check, Flaw, Severity
from ..host.verdict import Fate
from ..traffic import Crossing, forward_mend, inbound, outbound, remote_container_of


def examine(facts: HostFacts) -> list[Flaw]:
    """The rules that drop it, or may."""
    return [
        _flaw(facts, crossing)
        for crossing in _crossings(facts)
        if crossing.verdict.fate is not Fate.ACCEPTED
    ]


def _crossings(facts: HostFacts) -> Iterator[Crossing]:
    remote = remote_container_of(facts)
    for device in facts.devices:
        yield from inbound(facts, remote, device)
        yield outbound(facts, remote, device)


def _flaw(facts: HostFacts, crossing: Crossing) -> Flaw:
    packet, verdict = crossing.packet, crossing.verdict
    way = f"from {packet.source} to {packet.destination}, in by {packet.in_device}"
    mend = forward_mend(facts, crossing)
    if verdict.fate is Fate.DROPPED:
        return Flaw(f"{verdict.rule} drops what goes {way}", mend)
    return Flaw(f"{verdict.rule} may decide on what goes {way}", mend, Severity.WARNING)


CHECK = Check(
    "forward-policy", "the firewall forwards the overlay's traffic", ("plan", "rulesets"), examine
)
