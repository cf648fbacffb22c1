# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The host's links, addresses and default route, as values to choose the underlay from."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface


@dataclass(frozen=True, slots=True)
class LinkAddress:
    """An IPv4 address of a link; usable when global and not deprecated."""

    interface: IPv4Interface
    usable: bool = True


@dataclass(frozen=True, slots=True)
class Link:
    """A link of the host; mtu in bytes."""

    name: str
    index: int
    mtu: int
    up: bool
    addresses: tuple[LinkAddress, ...] = ()

    def usable_addresses(self) -> list[IPv4Address]:
        """The addresses that another host could be told, in the kernel's order."""
        return [entry.interface.ip for entry in self.addresses if entry.usable]


@dataclass(frozen=True, slots=True)
class Links:
    """All links of the host, and the name of the one that the default route leaves by."""

    links: tuple[Link, ...]
    default: str | None = None

    def named(self, name: str) -> Link | None:
        """The link of that name, if there is one."""
        return next((link for link in self.links if link.name == name), None)
