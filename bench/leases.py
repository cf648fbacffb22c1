# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a fleet's size costs an agent: `python -m bench.leases [LEASES]`, as root.

Lays the kernel's state of that many peers in a network namespace of its own, by the code that the
agent runs, and prints the CPU seconds of this process, those in the kernel among them.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network
from typing import TypeVar

from ansible_collections.weft.overlay.plugins.module_utils.weft.backends.plan import Overlay
from ansible_collections.weft.overlay.plugins.module_utils.weft.backends.vxlan import plan_vxlan
from ansible_collections.weft.overlay.plugins.module_utils.weft.kernel.difference import difference
from ansible_collections.weft.overlay.plugins.module_utils.weft.kernel.netlink import Netlink
from ansible_collections.weft.overlay.plugins.module_utils.weft.kernel.state import HostState
from ansible_collections.weft.overlay.plugins.module_utils.weft.model.lease import Lease
from ansible_collections.weft.overlay.plugins.module_utils.weft.model.network import parse_network
from tests.kernel.namespaces import namespaces, unusable

LEASES = 1000
_NETWORK = '{"Network": "100.64.0.0/10", "Backend": {"Type": "vxlan"}}'
_Result = TypeVar("_Result")


def overlay(count: int) -> Overlay:
    """A host with so many peers, each on its own public IP."""
    peers = tuple(_lease(number) for number in range(2, count + 2))
    own = _lease(1)
    network = parse_network(_NETWORK)
    return Overlay(network, own, peers, "eth0", own.public_ip, 1500, kernel_vxlan=True)


def _lease(number: int) -> Lease:
    subnet = IPv4Network((int(IPv4Address("100.64.0.0")) + (number << 8), 24))
    mac = f"c6:d2:32:{number >> 16:02x}:{number >> 8 & 255:02x}:{number & 255:02x}"
    public_ip = IPv4Address("10.168.0.0") + number
    return Lease(subnet, public_ip, backend_type="vxlan", backend_data={"VtepMAC": mac})


def measured(what: str, work: Callable[[], _Result]) -> _Result:
    """Do the work and print what it cost."""
    before, started = time.process_time(), time.perf_counter()
    result = work()
    spent, took = time.process_time() - before, time.perf_counter() - started
    sys.stdout.write(f"{what:<28} {spent:7.3f} s of CPU {took:7.3f} s\n")
    return result


def main() -> int:
    """Measure a start, a pass that finds nothing to do, and the loss of the device."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else LEASES
    reason = unusable()
    if reason is not None:
        sys.stderr.write(f"{reason}\n")
        return 1
    with namespaces() as made:
        host, other = made.add("leases"), made.add("other")
        made.join(host, "eth0", other, "eth0")
        host.ip("address", "add", "10.168.0.1/16", "dev", "eth0")
        with host.entered():
            netlink = Netlink()
        with netlink:
            planned = measured(f"plan {count} leases", lambda: plan_vxlan(overlay(count), False))
            desired = planned.state

            def mend(state: HostState = desired) -> int:
                actual = netlink.read_state({"flannel.1"})
                done = netlink.apply(difference(state, actual))
                refused = [entry.error for entry in done if entry.error]
                if refused:
                    raise RuntimeError(f"{len(refused)} changes refused: {refused[0]}")
                return len(done)

            changes = measured("start: create all", mend)
            again = measured("pass: nothing to do", mend)
            host.ip("link", "delete", "flannel.1")
            measured("device deleted: create all", mend)
            measured("all leases gone", lambda: mend(_without_peers(desired)))
    sys.stdout.write(f"{changes} changes at the start, {again} at the pass after\n")
    return 0


def _without_peers(state: HostState) -> HostState:
    return replace(state, routes=frozenset(), neighbours=frozenset(), fdb=frozenset())


if __name__ == "__main__":
    sys.exit(main())
