# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which leases belong to no host of the inventory, and how to release them. No I/O."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address
from typing import Any

from .variables import value_of


@dataclass(frozen=True, slots=True)
class _Owners:
    """The host names by the addresses of the hosts, and the hosts whose public IP is not known."""

    by_address: Mapping[str, str]
    unknown: Sequence[str]


def ownerless_leases(
    leases: Iterable[Mapping[str, Any]],
    hosts: Iterable[Mapping[str, Any]],
    members: Collection[str],
    reserved: Collection[str] = (),
) -> dict[str, list[Any]]:
    """Return the reservations of no host, and the members whose public IP is not known.

    leases: as of the module lease_info. hosts: the variables of all hosts of the inventory.
    members: the names of the hosts with weft. reserved: subnets that this run gave to hosts. A
    lease that expires is left out, because its host renews it: flannel, for example.
    """
    owners = _owners(hosts, members)
    return {
        "leases": [
            dict(lease)
            for lease in leases
            if lease["reservation"]
            and lease["public_ip"] not in owners.by_address
            and lease["subnet"] not in reserved
        ],
        "unknown": list(owners.unknown),
    }


def leases_to_release(
    leases: Sequence[Mapping[str, Any]],
    names: Iterable[str],
    hosts: Iterable[Mapping[str, Any]],
) -> dict[str, list[Any]]:
    """Return the requests and etcd users of the leases that names select, and the problems.

    names: public IPs or subnets of leases. A public IP of a host of the inventory is a problem, and
    so is the subnet that such a host uses: the first of its leases, in the order of *leases*.
    """
    owners = _owners(hosts, ())
    found: dict[str, list[Any]] = {"requests": [], "identities": [], "problems": []}
    for name in names:
        selected = [lease for lease in leases if name in (lease["public_ip"], lease["subnet"])]
        if not selected:
            found["problems"].append(f"no lease has the public IP or the subnet {name}")
            continue
        public_ip = selected[0]["public_ip"]
        held = [lease["subnet"] for lease in leases if lease["public_ip"] == public_ip]
        owner = owners.by_address.get(public_ip)
        if owner is not None and name in (public_ip, held[0]):
            found["problems"].append(f"{name} belongs to {owner} of the inventory: use that name")
            continue
        request = {"name": name, "public_ip": public_ip}
        found["requests"].append(request if name == public_ip else {**request, "subnet": name})
        if owner is None and (name == public_ip or len(held) == 1):
            found["identities"].append(f"weft-host-{public_ip}")
    return found


def _owners(hosts: Iterable[Mapping[str, Any]], members: Collection[str]) -> _Owners:
    by_address: dict[str, str] = {}
    unknown = []
    for variables in hosts:
        name = str(variables["inventory_hostname"])
        known = _known_addresses(variables)
        connection = str(value_of(variables, "ansible_host") or name)
        if not known and name in members and not _is_address(connection):
            unknown.append(name)
        for address in (*known, connection):
            by_address.setdefault(address, name)
    return _Owners(by_address, unknown)


def _known_addresses(variables: Mapping[str, Any]) -> list[str]:
    facts = value_of(variables, "ansible_facts") or {}
    own = (value_of(variables, "overlay_host") or {}).get("public_ip")
    configured = value_of(variables, "overlay_public_ip")
    return [
        *(str(address) for address in (own, configured) if address),
        *(facts.get("all_ipv4_addresses") or ()),
    ]


def _is_address(text: str) -> bool:
    try:
        IPv4Address(text)
    except AddressValueError:
        return False
    return True
