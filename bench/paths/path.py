# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all measured paths have in common."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address

from bench.endpoint import Endpoint, Pair
from bench.overlay import End, Overlay

# IPv4 (RFC 791) and UDP (RFC 768) headers without options, in bytes.
IPV4_UDP = 20 + 8
UNDERLAY_MTU = 1500


@dataclass(frozen=True, slots=True)
class MeasuredPath:
    """One way for packets between the hosts.

    `how` says in which form it is measured; `packages` are Debian's. `connect` brings it up on both
    hosts, for the whole run, and returns the address by which the left host reaches the right one.
    `active_offloads` asks a host which offloads are in use, where the path can tell.
    """

    name: str
    how: str
    connect: Callable[[Pair, Overlay], IPv4Address]
    packages: tuple[str, ...] = ()
    active_offloads: Callable[[Endpoint], Sequence[str]] | None = None


@dataclass(frozen=True, slots=True)
class Side:
    """What one host of a pair has to know to set up its half of an overlay."""

    near: Endpoint
    far: Endpoint
    near_end: End
    far_end: End


def sides(pair: Pair, overlay: Overlay) -> tuple[Side, Side]:
    """Return the overlay as the left and as the right host sees it."""
    left, right = pair.both
    left_end, right_end = overlay.ends
    return Side(left, right, left_end, right_end), Side(right, left, right_end, left_end)


def address_device(pair: Pair, overlay: Overlay, mtu: int) -> IPv4Address:
    """Give the overlay's device, once it exists, its address and MTU; return the right address."""
    device = overlay.device
    pair.on_both(
        *(
            f"timeout 10 sh -c 'until ip link show {device} >/dev/null 2>&1; do sleep 0.1; done'"
            f" && ip link set {device} mtu {mtu} up && ip addr replace {end.interface} dev {device}"
            for end in overlay.ends
        )
    )
    return overlay.ends[1].address
