# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a network card computes the checksums of encapsulated packets wrongly."""

from __future__ import annotations

from ...backends.vtep import TYPE as VXLAN
from ..facts import HostFacts
from ..finding import Check, Flaw, Severity

# One in so many: a few come with any cable.
_TOLERATED = 10_000
# Cards that take VXLAN apart wrongly or eat its port (flannel #2388, moby #41775).
_SUSPECT_DRIVERS = frozenset({"vmxnet3"})
_VXLAN_PORT = 8472


def examine(facts: HostFacts) -> list[Flaw]:
    """Wrong checksums that arrived, or a card that is known for its faults."""
    flaws = []
    interface = facts.underlay.interface if facts.underlay else "eth0"
    wrong = facts.udp_counters.get("InCsumErrors", 0)
    taken = facts.udp_counters.get("InDatagrams", 0)
    if wrong * _TOLERATED > taken + wrong:
        flaws.append(
            Flaw(
                f"{wrong} UDP datagrams came with a wrong checksum, {taken} were taken: the card "
                "of a sender computes it wrongly",
                f"on the senders: ethtool -K {interface} tx-checksum-ip-generic off",
                Severity.WARNING,
            )
        )
    backend = facts.network.backend if facts.network else None
    tunnelled = backend is not None and backend.type == VXLAN and backend.port == _VXLAN_PORT
    if tunnelled and facts.driver in _SUSPECT_DRIVERS:
        flaws.append(
            Flaw(
                f"the driver {facts.driver} of {interface} may drop VXLAN on port {_VXLAN_PORT}",
                "publish another port (overlay_backend), or ethtool -K "
                f"{interface} tx-udp_tnl-segmentation off tx-udp_tnl-csum-segmentation off",
                Severity.WARNING,
            )
        )
    return flaws


CHECK = Check("offloads", "no card spoils checksums", ("udp_counters", "underlay"), examine)
