# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The checker of tests/faults finds what it is for, each kind of flaw by itself."""

from __future__ import annotations

import copy
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network
from typing import Any

import pytest

from tests.faults.invariants import FleetState, StoredLease, violations

ONE, TWO = IPv4Address("192.0.2.11"), IPv4Address("192.0.2.12")
ELSEWHERE = IPv4Address("192.0.2.13")
LEASES = (
    StoredLease(IPv4Network("100.96.1.0/24"), ONE, mac="02:77:c0:00:02:0b"),
    StoredLease(IPv4Network("100.96.2.0/24"), TWO, mac="02:77:c0:00:02:0c"),
)
DEVICES = {"udp": "flannel0", "vxlan": "flannel.1", "host-gw": "eth0"}


def host(own: StoredLease, other: StoredLease, backend: str) -> dict[str, Any]:
    base = own.subnet.network_address
    ways = {
        "udp": ["100.96.0.0/16", "flannel0", None],
        "vxlan": [str(other.subnet), "flannel.1", str(other.subnet.network_address)],
        "host-gw": [str(other.subnet), "eth0", str(other.public_ip)],
    }
    tunnelled = backend == "vxlan"
    peer = {"subnet": str(other.subnet), "public_ip": str(other.public_ip)}
    return {
        "status": {
            "agent": {
                "ready": True,
                "store": {"connected": True},
                "problems": [],
                "lease": {"subnet": str(own.subnet)},
            },
            "datapath": {"table": {"peers": [peer]} if backend == "udp" else None},
        },
        "agents": "1",
        "routes": [ways[backend]],
        "fdb": [[other.mac, str(other.public_ip)]] if tunnelled else [],
        "neighbours": [[str(other.subnet.network_address), other.mac]] if tunnelled else [],
        "bip": f"{base + 1}/24",
        "bridge_addresses": [f"{base + 1}/24"],
        "subnet_file": f"FLANNEL_SUBNET={base + 1}/24\n",
        "rules": [f"-A WEFT-FORWARD -d {own.subnet} -j ACCEPT"],
        "devices": ["docker0", "eth0", DEVICES[backend]],
        "temporary_files": [],
        "failed_units": [],
    }


def fleet(backend: str = "udp") -> FleetState:
    one, two = LEASES
    return FleetState(backend, LEASES, {ONE: host(one, two, backend), TWO: host(two, one, backend)})


@pytest.mark.parametrize("backend", ["udp", "vxlan", "host-gw"])
def test_a_fleet_that_is_well(backend: str) -> None:
    assert list(violations(fleet(backend), fleet(backend))) == []


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (["agents"], "2", "2 agents run"),
        (["status", "agent", "ready"], False, "not ready"),
        (["status", "agent", "store", "connected"], False, "without the store"),
        (["status", "agent", "problems"], ["a problem"], "a problem"),
        (["status", "agent", "lease"], None, "the agent says lease None"),
        (["status", "datapath", "table"], None, "peers of the datapath missing"),
        (["routes"], [], "routes missing"),
        (["routes"], [["100.96.0.0/16", "flannel0", None], ["10.0.0.0/8", "eth0", None]], "over"),
        (["fdb"], [["02:77:00:00:00:00", "192.0.2.99"]], "FDB entries left over"),
        (["neighbours"], [["100.96.9.0", "02:77:00:00:00:00"]], "neighbours left over"),
        (["bip"], "100.96.9.1/24", "Docker's bip"),
        (["bridge_addresses"], [], "docker0 has"),
        (["subnet_file"], "", "subnet.env"),
        (["rules"], [], "the firewall's rules"),
        (["devices"], ["docker0", "eth0", "flannel0", "flannel.1"], "devices left over"),
        (["temporary_files"], ["/etc/weft/.weftd.json.abcdefgh"], "left over"),
        (["failed_units"], ["etcd.service"], "failed: etcd.service"),
    ],
)
def test_a_flaw_of_one_host_is_named(path: list[str], value: object, words: str) -> None:
    state = copy.deepcopy(fleet())
    at: Any = state.hosts[ONE]
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    (found,) = violations(state, fleet())
    assert words in found
    assert found.startswith(f"{ONE}: ")


@pytest.mark.parametrize(
    ("leases", "words"),
    [
        (LEASES[:1], "lost: "),
        ((*LEASES, StoredLease(IPv4Network("100.96.9.0/24"), TWO)), "holds two leases"),
        (
            (*LEASES, StoredLease(IPv4Network("100.96.2.0/25"), ELSEWHERE)),
            "overlap",
        ),
        ((LEASES[0], replace(LEASES[1], expires=True)), "new: "),
    ],
)
def test_a_lease_lost_doubled_or_changed_is_named(
    leases: tuple[StoredLease, ...], words: str
) -> None:
    assert any(words in found for found in violations(replace(fleet(), leases=leases), fleet()))
