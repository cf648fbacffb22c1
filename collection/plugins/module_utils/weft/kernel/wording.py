# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A change, and the kernel's refusal of one, in words that say what to do next. No I/O."""

from __future__ import annotations

import errno
from collections import Counter
from collections.abc import Iterable

from .difference import Add, Change
from .state import Address, Device, FdbEntry, MacAddress, Neighbour, Route, VxlanDevice

_KINDS = {
    VxlanDevice: "VXLAN devices",
    MacAddress: "MAC addresses",
    Device: "devices",
    Address: "addresses",
    Neighbour: "neighbours",
    FdbEntry: "FDB entries",
    Route: "routes",
}


def describe(change: Change) -> str:  # noqa: PLR0911 - one row a kind
    """Return the change in words."""
    verb = "add" if isinstance(change, Add) else "remove"
    match change.what:
        case VxlanDevice() as vxlan:
            return (
                f"{verb} {vxlan.name}, VNI {vxlan.vni} from {vxlan.local}:{vxlan.port} "
                f"by {vxlan.parent}"
            )
        case MacAddress(device, mac):
            return f"set the MAC address of {device} to {mac}"
        case Device(name, mtu):
            return f"bring up {name} with MTU {mtu}"
        case Address(device, address):
            return f"{verb} address {address} on {device}"
        case Neighbour(device, address, mac):
            return f"{verb} neighbour {address} at {mac} on {device}"
        case FdbEntry(device, mac, destination):
            return f"{verb} FDB entry {mac} to {destination} on {device}"
        case Route(destination, device, gateway, _):
            via = f" via {gateway}" if gateway else ""
            return f"{verb} route {destination}{via} dev {device}"


def summarise(changes: Iterable[Change]) -> list[str]:
    """Return how many of each kind were added and removed."""
    counts = Counter(
        ("added" if isinstance(change, Add) else "removed", _KINDS[type(change.what)])
        for change in changes
    )
    return [f"{verb} {kind}: {count}" for (verb, kind), count in counts.items()]


def explain(code: int, change: Change) -> str:
    """Return why the kernel refused the change with that errno, and what to do."""
    match change.what:
        case Route(destination) if code == errno.EEXIST:
            return (
                "another route to it exists that weft did not make; "
                f"see 'ip route show {destination}' and remove it"
            )
        case VxlanDevice() as vxlan if code == errno.EEXIST:
            return (
                f"VNI {vxlan.vni} on port {vxlan.port}, or the name, is taken by another device; "
                "see 'ip -details link show type vxlan', remove it, or publish another VNI or port"
            )
        case VxlanDevice() if code == errno.EOPNOTSUPP:
            return "this kernel has no VXLAN: load the module vxlan, or set datapath to userspace"
        case Device() if code == errno.EADDRINUSE:
            return (
                "its UDP port is taken; see 'ss -lunp' for the process and stop it, or publish "
                "another port"
            )
    if code == errno.ENODEV:
        return "there is no such device"
    return errno.errorcode.get(code, str(code))
