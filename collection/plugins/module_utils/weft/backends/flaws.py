# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with a lease that a host is to carry to. No I/O."""

from __future__ import annotations

from ..model.lease import Lease


def impossible_address(peer: Lease) -> str | None:
    """Return what is wrong with the lease if its public IP is no host's."""
    address = peer.public_ip
    if not (address.is_multicast or address.is_reserved or address.is_unspecified):
        return None
    return (
        f"{peer.subnet} is leased to {address}, which is no host's address: "
        "correct or remove that lease"
    )
