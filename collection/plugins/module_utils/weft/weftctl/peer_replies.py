# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The replies of a peer to the probes of this host."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address

from ..model.lease import Lease


@dataclass(frozen=True, slots=True)
class PeerReplies:
    """Which probes a peer replied to: of its bridge through the overlay, of its public IP outside.

    `forwards`: whether it forwards packets to its bridge; `largest`: the size of the largest packet
    through the overlay to which it replied, in bytes. Both are None if that was not probed, and
    `largest` if it replied to none of the sizes that were tried.
    """

    overlay: bool
    underlay: bool
    forwards: bool | None = None
    largest: int | None = None


def bridge_address(lease: Lease) -> IPv4Address:
    """Return the overlay address of the host that holds the lease: that of its bridge."""
    return lease.subnet.network_address + 1
