# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether Docker's bridge holds the address that the lease says."""

from __future__ import annotations

from ..advice import CONFIGURE_DOCKER
from ..facts import BRIDGE, HostFacts
from ..finding import Check, Flaw


def examine(facts: HostFacts) -> list[Flaw]:
    """A bridge that is not there, or has another address."""
    own, bridge = facts.own, facts.bridge
    if own is None:
        return []
    if bridge is None:
        return [Flaw(f"{BRIDGE} is not there", "systemctl start docker")]
    held = [str(entry.interface) for entry in bridge.addresses]
    if own.bip in held:
        return []
    restart = facts.docker_config.get("bip") == own.bip
    return [
        Flaw(
            f"{bridge.name} has {', '.join(held) or 'no address'}, and the lease says {own.bip}",
            "systemctl restart docker" if restart else CONFIGURE_DOCKER,
        )
    ]


CHECK = Check("bip", "the bridge has the lease's address", ("own", "links"), examine)
