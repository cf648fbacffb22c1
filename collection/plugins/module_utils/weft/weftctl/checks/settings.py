# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the settings can be used on this host."""

from __future__ import annotations

from ..advice import SITE
from ..facts import HostFacts
from ..finding import Check, Flaw


def examine(facts: HostFacts) -> list[Flaw]:
    """Settings that cannot be read, or that fit no interface."""
    reasons = [facts.unread.get(name) for name in ("settings", "underlay")]
    return [Flaw(reason, f"{SITE} --tags overlay") for reason in reasons if reason]


CHECK = Check("settings", "the settings fit this host", (), examine)
