# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether containers send no larger packets than the overlay takes."""

from __future__ import annotations

from ..advice import CONFIGURE_DOCKER
from ..facts import HostFacts
from ..finding import Check, Flaw, Severity


def examine(facts: HostFacts) -> list[Flaw]:
    """A bridge above the overlay's MTU.

    Before version 25 dockerd gives its MTU to containers alone and an idle bridge keeps 1500 (moby
    #46849), so what dockerd is told comes before what the bridge has.
    """
    plan, bridge = facts.plan, facts.bridge
    if plan is None or bridge is None or bridge.mtu <= plan.mtu:
        return []
    configured = facts.docker_config.get("mtu")
    if isinstance(configured, int) and configured:
        if configured <= plan.mtu:
            return []
        text = f"Docker gives containers an MTU of {configured}"
        return [Flaw(f"{text}, the overlay takes {plan.mtu}", CONFIGURE_DOCKER)]
    return [
        Flaw(
            f"{bridge.name} has an MTU of {bridge.mtu}, the overlay takes {plan.mtu}, and "
            "Docker is told none",
            CONFIGURE_DOCKER,
            Severity.WARNING,
        )
    ]


CHECK = Check("mtu", "containers send what fits", ("plan", "links", "docker_config"), examine)
