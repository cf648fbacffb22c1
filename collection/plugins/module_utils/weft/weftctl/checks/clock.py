# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the clock is kept right: certificates and leases depend on it."""

from __future__ import annotations

from ..facts import HostFacts
from ..finding import Check, Flaw, Severity


def examine(facts: HostFacts) -> list[Flaw]:
    """A clock that nothing synchronises."""
    if facts.clock_synchronised:
        return []
    mend = "timedatectl set-ntp true"
    if not facts.ntp_available:
        mend = f"apt-get install systemd-timesyncd; {mend}"
    return [Flaw("nothing synchronises the clock", mend, Severity.WARNING)]


CHECK = Check("clock", "the clock is synchronised", ("clock_synchronised",), examine)
