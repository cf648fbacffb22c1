# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must hold of a fleet whenever it is well: one piece, used after each fault. No I/O.

The store is the measure of the hosts. Only what the store does not say, such as the wording of the
firewall's rules, is compared with the fleet as it was when it had just been converged.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from itertools import combinations
from typing import Any

_NETWORK = "100.96.0.0/16"
_DEVICES = {"udp": "flannel0", "vxlan": "flannel.1", "host-gw": "eth0"}


@dataclass(frozen=True, slots=True)
class StoredLease:
    """A lease as etcd holds it. mac is that of a vxlan host's tunnel end."""

    subnet: IPv4Network
    public_ip: IPv4Address
    expires: bool = False
    mac: str | None = None


@dataclass(frozen=True, slots=True)
class FleetState:
    """What the store holds, and each host by its public IP (as on_host/host_state.py prints it)."""

    backend: str
    leases: tuple[StoredLease, ...]
    hosts: Mapping[IPv4Address, Mapping[str, Any]]


def violations(state: FleetState, well: FleetState) -> Iterator[str]:
    """What is not as it must be; well is the fleet after it was converged."""
    yield from _of_leases(state, well)
    for address, host in state.hosts.items():
        own = next((lease for lease in state.leases if lease.public_ip == address), None)
        if own is None:
            continue
        others = [lease for lease in state.leases if lease.public_ip != address]
        for flaw in (
            *_of_agent(host, own),
            *_of_routes(state.backend, host, others),
            *_of_datapath(state.backend, host, others),
            *_of_docker(host, own),
            *_of_leftovers(host, well.hosts[address]),
        ):
            yield f"{address}: {flaw}"


def _of_leases(state: FleetState, well: FleetState) -> Iterator[str]:
    """None lost, none doubled, none changed."""
    for one, other in combinations(state.leases, 2):
        if one.subnet.overlaps(other.subnet):
            yield f"the leases {one.subnet} and {other.subnet} overlap"
        if one.public_ip == other.public_ip:
            yield f"{one.public_ip} holds two leases, {one.subnet} and {other.subnet}"
    for lease in sorted(set(well.leases) - set(state.leases), key=str):
        yield f"lost: {lease}"
    for lease in sorted(set(state.leases) - set(well.leases), key=str):
        yield f"new: {lease}"


def _of_agent(host: Mapping[str, Any], own: StoredLease) -> Iterator[str]:
    agent = host["status"]["agent"]
    if host["agents"] != "1":
        yield f"{host['agents']} agents run"
    if not agent["ready"] or not agent["store"]["connected"]:
        yield f"the agent is not ready or without the store: {agent['store']}"
    yield from agent["problems"]
    if agent["lease"] is None or agent["lease"]["subnet"] != str(own.subnet):
        yield f"the agent says lease {agent['lease']}, and the store {own}"


def _of_routes(backend: str, host: Mapping[str, Any], others: list[StoredLease]) -> Iterator[str]:
    device = _DEVICES[backend]
    expected: set[tuple[str, str, str | None]]
    if backend == "udp":
        expected = {(_NETWORK, device, None)}
    elif backend == "vxlan":
        expected = {
            (str(lease.subnet), device, str(lease.subnet.network_address)) for lease in others
        }
    else:
        expected = {(str(lease.subnet), device, str(lease.public_ip)) for lease in others}
    yield from _unequal("routes", expected, {tuple(route) for route in host["routes"]})


def _of_datapath(backend: str, host: Mapping[str, Any], others: list[StoredLease]) -> Iterator[str]:
    """The peers of the userspace datapath, or the kernel's FDB and neighbours, are the leases."""
    tunnels = others if backend == "vxlan" else []
    yield from _unequal(
        "FDB entries",
        {(lease.mac, str(lease.public_ip)) for lease in tunnels},
        {tuple(entry) for entry in host["fdb"]},
    )
    yield from _unequal(
        "neighbours",
        {(str(lease.subnet.network_address), lease.mac) for lease in tunnels},
        {tuple(entry) for entry in host["neighbours"]},
    )
    table = (host["status"]["datapath"] or {}).get("table") or {"peers": []}
    yield from _unequal(
        "peers of the datapath",
        {(str(lease.subnet), str(lease.public_ip)) for lease in others if backend == "udp"},
        {(peer["subnet"], peer["public_ip"]) for peer in table["peers"]},
    )


def _of_docker(host: Mapping[str, Any], own: StoredLease) -> Iterator[str]:
    bip = f"{own.subnet.network_address + 1}/{own.subnet.prefixlen}"
    if host["bip"] != bip:
        yield f"Docker's bip is {host['bip']}, not {bip}"
    if host["bridge_addresses"] != [bip]:
        yield f"docker0 has {host['bridge_addresses']}, not {bip}"
    if f"FLANNEL_SUBNET={bip}\n" not in host["subnet_file"]:
        yield f"subnet.env does not say {bip}: {host['subnet_file']}"


def _of_leftovers(host: Mapping[str, Any], well: Mapping[str, Any]) -> Iterator[str]:
    # Rules in their order: a chain that is there twice, or jumped to twice, shows.
    if host["rules"] != well["rules"]:
        yield f"the firewall's rules are {host['rules']}, and were {well['rules']}"
    yield from _unequal("devices", set(well["devices"]), set(host["devices"]))
    yield from (f"left over: {path}" for path in host["temporary_files"])
    yield from (f"failed: {unit}" for unit in host["failed_units"])


def _unequal(what: str, expected: set[Any], found: set[Any]) -> Iterator[str]:
    if missing := expected - found:
        yield f"{what} missing: {sorted(missing, key=str)}"
    if excess := found - expected:
        yield f"{what} left over: {sorted(excess, key=str)}"
