# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what the kernel holds to what it is to hold: the changes, in an order it accepts. No I/O."""

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
    """Make the kernel hold this."""

    what: VxlanDevice | MacAddress | Device | Address | Neighbour | FdbEntry | Route


@dataclass(frozen=True, slots=True)
class Remove:
    """Make the kernel hold this no longer."""

    what: VxlanDevice | Address | Neighbour | FdbEntry | Route


Change: TypeAlias = "Add | Remove"


def difference(desired: HostState, actual: HostState) -> list[Change]:
    """The changes that turn actual into desired, in an order the kernel accepts.

    Devices come first, and one that is made anew has lost all that hung on it. Stale routes and
    entries go before anything new comes, since a changed one has the key of the one it replaces;
    a device is up before its address, the address there before the routes that take their source
    from it. A stale address goes after the new one came: with the last address of a device the
    kernel drops all of its routes (net/ipv4/fib_frontend.c, fib_disable_ip).
    """
    changes = _device_changes(desired, actual)
    for change in changes:
        if isinstance(change, Remove) and isinstance(change.what, VxlanDevice):
            actual = actual.without(change.what.name)
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
