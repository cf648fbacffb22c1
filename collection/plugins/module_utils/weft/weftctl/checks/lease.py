# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether this host holds a subnet."""

from __future__ import annotations

from ..advice import SITE
from ..facts import HostFacts
from ..finding import Check, Flaw


def examine(facts: HostFacts) -> list[Flaw]:
    """A public IP without a lease."""
    if facts.own is not None or facts.underlay is None:
        return []
    return [Flaw(f"no lease is held by {facts.underlay.public_ip}", SITE)]


CHECK = Check("lease", "this host holds a subnet", ("underlay", "network"), examine)
