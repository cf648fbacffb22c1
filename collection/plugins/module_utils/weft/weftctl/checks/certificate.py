# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether this host's certificate for the store can be read, and goes on for a while."""

from __future__ import annotations

from ...store.certificate_expiry import SOON
from ..advice import ROTATE
from ..ages import end_text
from ..facts import HostFacts
from ..finding import Check, Flaw, Severity


def examine(facts: HostFacts) -> list[Flaw]:
    """A certificate that cannot be read, has ended, or will within 21 days."""
    unread = facts.unread.get("certificate_expiry")
    if unread:
        return [Flaw(unread, ROTATE)]
    expiry = facts.certificate_expiry
    if expiry is None or expiry - facts.now >= SOON:
        return []
    severity = Severity.WARNING if expiry > facts.now else Severity.FAULT
    path = facts.settings.store.client_certificate
    return [Flaw(f"the certificate {path} {end_text(expiry, facts.now)}", ROTATE, severity)]


CHECK = Check(
    "certificate", "no certificate of this host ends within 21 days", ("settings",), examine
)
