# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the peers answer an echo request through the overlay."""

from __future__ import annotations

from collections.abc import Iterator

from ..facts import HostFacts, bridge_of
from ..finding import Check, Flaw, Severity

_REMOVE = (
    "if it is gone for good, on the controller: ansible-playbook -i hosts.yml "
    "weft.overlay.remove_host -e host=NAME"
)


def examine(facts: HostFacts) -> list[Flaw]:
    """Peers that do not; one that answers outside the overlay only has its port blocked."""
    return list(_flaws(facts))


def _flaws(facts: HostFacts) -> Iterator[Flaw]:
    carried = f"UDP {facts.port}" if facts.port else "the link"
    for peer in facts.peers:
        if facts.reached.get(bridge_of(peer), True):
            continue
        if facts.reached.get(peer.public_ip):
            yield Flaw(
                f"{peer.public_ip} answers, but not as {bridge_of(peer)} through the overlay: "
                f"{carried} is blocked between the two, or its overlay or its Docker is down",
                f"on {peer.public_ip}: weftctl doctor",
            )
        else:
            yield Flaw(
                f"{peer.public_ip} ({peer.subnet}) answers neither through the overlay nor outside",
                f"start that host, or mend the way to it ('ping {peer.public_ip}'); {_REMOVE}",
                Severity.WARNING,
            )


CHECK = Check("peers", "every peer answers through the overlay", ("peers", "reached"), examine)
