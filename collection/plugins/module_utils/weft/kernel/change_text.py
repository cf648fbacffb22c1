# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts for changes and for errors of the kernel, with the command that fixes them. No I/O."""

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
    """Return the change as text, such as `add route 100.96.2.0/24 dev flannel0`."""
    verb = "add" if isinstance(change, Add) else "remove"
    match change.item:
        case VxlanDevice() as vxlan:
            return (
                f"{verb} device {vxlan.name}, VNI {vxlan.vni}, local {vxlan.local}:{vxlan.port}, "
                f"dev {vxlan.parent}"
            )
        case MacAddress(device, mac):
            return f"set the MAC address of {device} to {mac}"
        case Device(name, mtu):
            return f"bring up {name} with MTU {mtu}"
        case Address(device, address):
            return f"{verb} address {address} dev {device}"
        case Neighbour(device, address, mac):
            return f"{verb} neighbour {address} lladdr {mac} dev {device}"
        case FdbEntry(device, mac, destination):
            return f"{verb} FDB entry {mac} dst {destination} dev {device}"
        case Route(destination, device, gateway, _):
            via = f" via {gateway}" if gateway else ""
            return f"{verb} route {destination}{via} dev {device}"


def summarise(changes: Iterable[Change]) -> list[str]:
    """Return lines with the number of added and removed items per kind."""
    counts = Counter(
        ("added" if isinstance(change, Add) else "removed", _KINDS[type(change.item)])
        for change in changes
    )
    return [f"{verb} {kind}: {count}" for (verb, kind), count in counts.items()]


def explain_errno(code: int, change: Change) -> str:
    """Return the reason of an errno for a change, with the command that fixes it."""
    match change.item:
        case Route(destination) if code == errno.EEXIST:
            return (
                "a route to this destination exists that weft did not add; "
                f"see 'ip route show {destination}' and remove it"
            )
        case VxlanDevice() as vxlan if code == errno.EEXIST:
            return (
                f"another device uses VNI {vxlan.vni} on port {vxlan.port}, or its name; "
                "see 'ip -details link show type vxlan', remove it, or publish another VNI or port"
            )
        case VxlanDevice() if code == errno.EOPNOTSUPP:
            return "no VXLAN in this kernel: load the module vxlan, or set datapath to userspace"
        case Device() if code == errno.EADDRINUSE:
            return (
                "the UDP port is in use; find the process with 'ss -lunp' and stop it, or publish "
                "another port"
            )
    if code == errno.ENODEV:
        return "no such device"
    return errno.errorcode.get(code, str(code))
