# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the kernel forwards at all; Docker switches it on, and others off again."""

from __future__ import annotations

from ..facts import HostFacts
from ..finding import Check, Flaw


def examine(facts: HostFacts) -> list[Flaw]:
    """A host that forwards no IPv4."""
    if facts.sysctls.get("ipv4/ip_forward") != 0:
        return []
    return [Flaw("net.ipv4.ip_forward is 0: no packet crosses", "sysctl -w net.ipv4.ip_forward=1")]


CHECK = Check("ip-forward", "the kernel forwards IPv4", ("sysctls",), examine)
