# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The address of a host in the underlay, selected from its facts. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from .variables import value_of

Facts = Mapping[str, Any]


def underlay_address(facts: Facts, interfaces: Sequence[str] = (), record: str = "weft") -> str:
    """Return the IPv4 address by which the other hosts reach a host, or an empty string.

    interfaces: names or addresses, the first that the host has is selected. record: the local facts
    with the address that an earlier run gave to the host.
    """
    given = _given_addresses(facts, record)
    if interfaces:
        addresses = _addresses_of(facts, interfaces)
        return next((address for address in given if address in addresses), "") or next(
            iter(addresses), ""
        )
    own = [address for _device, address in _addresses(facts)]
    kept = next((address for address in given if address in own), "")
    return kept or str((facts.get("default_ipv4") or {}).get("address") or "")


def underlay_problem(facts: Facts, interfaces: Sequence[str], public_ip: str) -> str:
    """Return why the interfaces and the public IP do not fit the host, or an empty string."""
    if not interfaces:
        return ""
    addresses = _addresses_of(facts, interfaces)
    shown = ", ".join(f"{device} ({address})" for device, address in _addresses(facts))
    if not addresses:
        return (
            f"overlay_interface is {', '.join(interfaces)}, and the host has no such interface "
            f"with an IPv4 address: it has {shown}. Correct overlay_interface."
        )
    holder = next((device for device, address in _addresses(facts) if address == public_ip), None)
    if holder is None or public_ip in addresses:
        return ""
    return (
        f"overlay_public_ip is {public_ip}, an address of {holder}, but overlay_interface selects "
        f"the interface of {addresses[0]}. Set overlay_public_ip to {addresses[0]}, or "
        f"overlay_interface to {holder}."
    )


def former_address(facts: Facts, public_ip: str, others: Iterable[Mapping[str, Any]]) -> str:
    """Return the public IP that an earlier run gave to the host, if that is not the present one.

    It is empty if another host, by its variables and facts, has that address now.
    """
    former = next(iter(_given_addresses(facts, "weft")), "")
    if former in ("", public_ip) or any(_has_address(host, former) for host in others):
        return ""
    return former


def _has_address(variables: Mapping[str, Any], address: str) -> bool:
    known = [value_of(variables, name) for name in ("overlay_public_ip", "ansible_host")]
    facts = value_of(variables, "ansible_facts") or {}
    own = (facts.get("all_ipv4_addresses") or ()) if isinstance(facts, Mapping) else ()
    return address in (variables["inventory_hostname"], *known, *own)


def _given_addresses(facts: Facts, record: str) -> list[str]:
    """Return the addresses that an earlier run gave to the host, the most reliable first."""
    document = (facts.get("ansible_local") or {}).get(record)
    # The local facts of a script that failed are an error message.
    known = document if isinstance(document, Mapping) else {}
    names = ("configured_public_ip", "public_ip", "address")
    return [str(known[name]) for name in names if known.get(name)]


def _addresses_of(facts: Facts, interfaces: Sequence[str]) -> list[str]:
    """Return the addresses of the first interface that the host has."""
    for wanted in interfaces:
        found = [address for device, address in _addresses(facts) if wanted in (device, address)]
        if found:
            return found
    return []


def _addresses(facts: Facts) -> Iterator[tuple[str, str]]:
    """Yield the name of each interface and each of its IPv4 addresses."""
    for entry in facts.values():
        if isinstance(entry, Mapping) and "device" in entry and "ipv4" in entry:
            for address in (entry["ipv4"], *entry.get("ipv4_secondaries", ())):
                if address.get("address"):
                    yield str(entry["device"]), str(address["address"])
