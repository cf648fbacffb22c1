# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a lab is: its settings, its hosts and their addresses. Pure values, no I/O."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from ipaddress import AddressValueError, IPv4Address, IPv4Network, NetmaskValueError
from typing import Self

from lab.errors import LabError
from lab.recipe import DEFAULT_FLAVOUR, FLAVOURS, SUITES, recipe_of

DEFAULT_NAME = "weft"
DEFAULT_UNDERLAY = "10.168.0.0/24"
DEFAULT_SUITE = "trixie"
DEFAULT_HOSTS = 3
DEFAULT_MTU = 1500

# The machine's bridge holds the first address; hosts start here to leave room for other uses.
BRIDGE_OFFSET = 1
FIRST_HOST_OFFSET = 11

# IFNAMSIZ is 16 with the terminating zero (linux/if.h).
MAX_INTERFACE_NAME = 15
# "ve-", the name and a host number of up to three digits make an interface name.
MAX_NAME = 9

# A name that ends in a digit would make "lab1" host 1 and "lab" host 11 one and the same.
_NAME = re.compile(r"[a-z](?:[a-z0-9-]*[a-z])?")
_INTERFACE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")

# RFC 791 asks every IPv4 host for 576; the other bound is a veth's.
MIN_MTU = 576
MAX_MTU = 65535


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one lab; two labs that differ in name and underlay never meet."""

    name: str
    bridge: str
    underlay: IPv4Network
    mtu: int
    # Which packages wait in the hosts' apt cache: a key of recipe.FLAVOURS.
    flavour: str = DEFAULT_FLAVOUR

    @classmethod
    def parse(
        cls,
        name: str = DEFAULT_NAME,
        bridge: str | None = None,
        underlay: str = DEFAULT_UNDERLAY,
        mtu: int = DEFAULT_MTU,
        flavour: str = DEFAULT_FLAVOUR,
    ) -> Self:
        """Check what a user asked for; raise LabError naming the value and the reason."""
        check_name(name)
        bridge = f"br-{name}" if bridge is None else bridge
        if len(bridge) > MAX_INTERFACE_NAME or not _INTERFACE.fullmatch(bridge):
            raise LabError(
                f"bridge name {bridge!r} is no interface name: letters, digits, '_', '.' and '-', "
                f"at most {MAX_INTERFACE_NAME} of them"
            )
        if not MIN_MTU <= mtu <= MAX_MTU:
            raise LabError(f"MTU {mtu} is not between {MIN_MTU} and {MAX_MTU}; set --mtu")
        if flavour not in FLAVOURS:
            raise LabError(f"unknown flavour {flavour!r}; the lab knows {', '.join(FLAVOURS)}")
        return cls(name, bridge, _parse_underlay(underlay), mtu, flavour)

    @property
    def gateway(self) -> IPv4Address:
        """The address of the machine's bridge."""
        return self.underlay[BRIDGE_OFFSET]

    @property
    def max_hosts(self) -> int:
        """How many hosts the underlay has addresses for."""
        return min(self.underlay.num_addresses - 1 - FIRST_HOST_OFFSET, 999)

    def host(self, number: int, suite: str) -> Host:
        """Return the lab's host with this number; the first is 1."""
        return Host(
            name=f"{self.name}{number}",
            suite=suite,
            address=self.underlay[FIRST_HOST_OFFSET + number - 1],
            lab_name=self.name,
            image=recipe_of(suite, self.flavour).image_name,
        )

    def __str__(self) -> str:
        return (
            f"bridge {self.bridge}, underlay {self.underlay}, MTU {self.mtu}, "
            f"flavour {self.flavour}"
        )


@dataclass(frozen=True, slots=True)
class Host:
    """One host of a lab and the names of what belongs to it on the machine."""

    name: str
    suite: str
    address: IPv4Address
    lab_name: str
    # Its image's name in the cache: a host keeps the image that it was made from.
    image: str

    @property
    def namespace(self) -> str:
        """Its network namespace, as ``ip netns`` lists it."""
        return f"{self.lab_name}-{self.name}"

    @property
    def port(self) -> str:
        """The machine's end of its underlay link, a port of the bridge."""
        return f"ve-{self.name}"

    @property
    def mac(self) -> str:
        """The address of its eth0: locally administered (IEEE 802, bit 1 of octet 0), stable."""
        return "02:00:" + self.address.packed.hex(":")


@dataclass(frozen=True, slots=True)
class Lab:
    """A lab: its settings and hosts, in the order of their numbers."""

    settings: Settings
    hosts: tuple[Host, ...]

    @property
    def name(self) -> str:
        """The lab's name."""
        return self.settings.name

    def host(self, name: str) -> Host:
        """Return the host of this name; raise LabError if there is none."""
        for host in self.hosts:
            if host.name == name:
                return host
        known = ", ".join(host.name for host in self.hosts)
        raise LabError(f"no host {name!r} in lab {self.name!r}; its hosts are {known}")

    def grown(self, suites: tuple[str, ...]) -> Self:
        """Return the lab with hosts added for the suites beyond those it has."""
        added = tuple(
            self.settings.host(number, suite)
            for number, suite in enumerate(suites, start=1)
            if number > len(self.hosts)
        )
        return replace(self, hosts=self.hosts + added)


def plan(settings: Settings, suites: tuple[str, ...]) -> Lab:
    """Lay out a lab with one host per suite; raise LabError if the underlay is too small."""
    if not suites:
        raise LabError("a lab needs at least one host; set --hosts")
    if len(suites) > settings.max_hosts:
        raise LabError(
            f"the underlay {settings.underlay} has addresses for {max(settings.max_hosts, 0)} "
            f"hosts, not {len(suites)}; set a wider --underlay"
        )
    return Lab(settings, ()).grown(suites)


def host_suites(count: int | None, suite: str, suites: str | None) -> tuple[str, ...]:
    """Turn the options ``--hosts``, ``--suite`` and ``--suites`` into one suite per host."""
    listed = tuple(part.strip() for part in suites.split(",")) if suites else ()
    if listed and count is not None and count != len(listed):
        raise LabError(f"--hosts {count} contradicts --suites {suites}, which names {len(listed)}")
    chosen = listed or (suite,) * (DEFAULT_HOSTS if count is None else count)
    for one in chosen:
        if one not in SUITES:
            raise LabError(f"unknown suite {one!r}; the lab knows {', '.join(SUITES)}")
    return chosen


def check_name(name: str) -> None:
    """Raise LabError unless the name can be part of host and interface names."""
    if len(name) > MAX_NAME or not _NAME.fullmatch(name):
        raise LabError(
            f"lab name {name!r} must be at most {MAX_NAME} lower-case letters, digits and '-', "
            "begin and end with a letter; set --name"
        )


def _parse_underlay(text: str) -> IPv4Network:
    try:
        underlay = IPv4Network(text)
    except (AddressValueError, NetmaskValueError, ValueError) as error:
        raise LabError(f"underlay {text!r} is no IPv4 network ({error}); set --underlay") from error
    if underlay.prefixlen > 27:
        raise LabError(f"underlay {underlay} is too small; set --underlay to a /27 or wider")
    return underlay
