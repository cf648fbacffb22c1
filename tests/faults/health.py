# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looking at a fleet: reads what the invariants judge, and waits until they hold."""

from __future__ import annotations

import base64
import json
import time
from concurrent.futures import ThreadPoolExecutor
from ipaddress import IPv4Address, IPv4Network
from typing import Any

from .faulted_fleet import HOSTS, STORE_PREFIX, Fleet, HostError
from .invariants import FleetState, StoredLease, violations

_POLL = 0.5


def read_fleet(fleet: Fleet) -> FleetState:
    """Read the store and all hosts at once. Raises HostError."""
    with ThreadPoolExecutor(1) as pool:
        leases = pool.submit(read_leases, fleet)
        printed = fleet.on_each("python3 -", fleet.script("host_state"))
        hosts = {fleet.address(number): json.loads(text) for number, text in printed.items()}
        return FleetState(fleet.backend, leases.result(), hosts)


def read_leases(fleet: Fleet) -> tuple[StoredLease, ...]:
    """The leases in the store, read by etcd's client and not by weft's. Raises HostError."""
    text = fleet.etcdctl("get", "--prefix", f"{STORE_PREFIX}/subnets/", "--write-out=json")
    return tuple(_lease(entry) for entry in json.loads(text).get("kvs", ()))


def await_health(fleet: Fleet, well: FleetState, within: float) -> float:
    """Wait until nothing is violated and the containers talk; return the seconds that it took.

    Raises AssertionError with what is still wrong after so many seconds.
    """
    begun = time.monotonic()
    while True:
        found = ailments(fleet, well)
        passed = time.monotonic() - begun
        if not found:
            return passed
        assert passed < within, f"not healed in {passed:.0f} s:\n" + "\n".join(found)
        time.sleep(_POLL)


def ailments(fleet: Fleet, well: FleetState) -> list[str]:
    """What is wrong now; that a host or the store does not answer is wrong, too."""
    try:
        return list(violations(read_fleet(fleet), well)) or silent_containers(fleet)
    except (HostError, ValueError, KeyError, TypeError) as error:
        return [f"{type(error).__name__}: {error}"]


def silent_containers(fleet: Fleet) -> list[str]:
    """The containers that another one does not reach by its own address. Raises HostError."""
    addresses = " ".join(map(str, fleet.container_addresses().values()))
    ping = f"{fleet.in_container} ping -c 1 -W 1 -n"
    lost = fleet.on_each(f"for to in {addresses}; do {ping} $to >/dev/null || echo $to; done")
    return [
        f"the container of {fleet.host(source).name} does not reach {target}"
        for source in HOSTS
        for target in lost[source].split()
    ]


def _lease(entry: dict[str, Any]) -> StoredLease:
    key, value = (base64.b64decode(entry[part]).decode() for part in ("key", "value"))
    attributes = json.loads(value)
    return StoredLease(
        subnet=IPv4Network(key.rpartition("/")[2].replace("-", "/")),
        public_ip=IPv4Address(attributes["PublicIP"]),
        expires=bool(entry.get("lease")),
        mac=(attributes.get("BackendData") or {}).get("VtepMAC"),
    )
