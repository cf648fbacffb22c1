# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The changes from the actual to the desired state, in an order that the kernel accepts. No I/O."""

from __future__ import annotations

from dataclasses import dataclass, replace
from ipaddress import IPv4Network
from typing import TypeAlias

from .state import (
    Address,
    Device,
    FdbEntry,
    HostState,
    MacAddress,
    Neighbour,
    Route,
    VxlanDevice,
)


@dataclass(frozen=True, slots=True)
class Add:
    """Add this to the kernel, or set it on a device."""

    item: VxlanDevice | MacAddress | Device | Address | Neighbour | FdbEntry | Route


@dataclass(frozen=True, slots=True)
class Remove:
    """Remove this from the kernel."""

    item: VxlanDevice | Address | Neighbour | FdbEntry | Route


Change: TypeAlias = "Add | Remove"


def difference(desired: HostState, actual: HostState) -> list[Change]:
    """Return the changes that turn actual into desired, in an order that the kernel accepts.

    Stale routes are removed first, and stale entries before new ones are added: a changed entry has
    the same key as the one it replaces. A device that is created again has lost its addresses,
    neighbours, FDB entries and routes. A device is up before it gets its address, and has its
    address before the routes that use it as source. A stale address is removed after the new one
    is added: with the last address of a device the kernel drops all routes of the device
    (net/ipv4/fib_frontend.c, fib_disable_ip).
    """
    changes = _device_changes(desired, actual)
    for change in changes:
        if isinstance(change, Remove) and isinstance(change.item, VxlanDevice):
            actual = actual.without(change.item.name)
    return [
        *map(Remove, sorted(actual.routes - desired.routes, key=_by_destination)),
        *changes,
        *map(Remove, sorted(actual.neighbours - desired.neighbours)),
        *map(Remove, sorted(actual.fdb - desired.fdb)),
        *map(Add, sorted(desired.devices - actual.devices)),
        *map(Add, sorted(desired.addresses - actual.addresses)),
        *map(Remove, sorted(actual.addresses - desired.addresses)),
        *map(Add, sorted(desired.neighbours - actual.neighbours)),
        *map(Add, sorted(desired.fdb - actual.fdb)),
        *map(Add, sorted(desired.routes - actual.routes, key=_by_destination)),
    ]


def _device_changes(desired: HostState, actual: HostState) -> list[Change]:
    held = {device.name: device for device in actual.vxlan_devices}
    changes: list[Change] = []
    for device in sorted(desired.vxlan_devices):
        existing = held.get(device.name)
        if existing == device:
            continue
        if existing is not None and replace(existing, mac=device.mac) == device:
            changes.append(Add(MacAddress(device.name, device.mac)))
            continue
        if existing is not None:
            changes.append(Remove(existing))
        changes.append(Add(device))
    return changes


def _by_destination(route: Route) -> tuple[IPv4Network, str]:
    return route.destination, route.device
