# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Containers that verify each other: hosts that route to each other's subnets, as by host-gw.

Probes and responders are those of the modules container_probe_info and probe_container, in the
containers' network namespaces; the filter of the role verify evaluates the results.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from subprocess import Popen
from typing import Any

from ansible_collections.weft.overlay.plugins.filter.verification import verification

from .namespaces import Namespace, Namespaces
from .overlay_hosts import Machine, raise_machine, raise_underlay

MTU = 1500
PORT = 8080
_COLLECTIONS = Path(__file__).parents[2] / ".collections"
_PACKAGE = "ansible_collections.weft.overlay.plugins.module_utils.verification"

_RESPOND = f"""
import sys, time
from {_PACKAGE}.responder import Responder
responder = Responder(sys.argv[1], int(sys.argv[2]))
print("ready", flush=True)
responder.serve(lambda: time.sleep(3600))
"""

_PROBE = f"""
import json, sys
from {_PACKAGE}.network_namespace import device_mtu
from {_PACKAGE}.probes import Peer, ProbeSettings, probe_peers
address, port, echoes, timeout, attempts, peers = json.loads(sys.argv[1])
settings = ProbeSettings(port, echoes, timeout, attempts)
seen = probe_peers([Peer(*peer) for peer in peers], settings, device_mtu(address))
print(json.dumps([each.document() for each in seen]))
"""

_SOURCES = f"""
import json, sys
from {_PACKAGE}.connections import query_sources
print(json.dumps(query_sources(int(sys.argv[1]), 5)))
"""

_THROUGHPUT = f"""
import sys
from {_PACKAGE}.connections import measure_throughput
print(measure_throughput(sys.argv[1], int(sys.argv[2]), 1, 10))
"""


def raise_routed(made: Namespaces, count: int) -> list[Machine]:
    """Raise machines that route to each other's subnets."""
    underlay = raise_underlay(made)
    machines = [
        Machine(*raise_machine(made, underlay, number, MTU)) for number in range(1, count + 1)
    ]
    for machine in machines:
        routes = "".join(
            f"route add {other.subnet} via {other.public_ip}\n"
            for other in machines
            if other is not machine
        )
        machine.namespace.run("ip", "-batch", "-", stdin=routes)
    return machines


class ProbedFleet:
    """Machines named host1, host2 and so on, whose containers answer."""

    def __init__(self, machines: Sequence[Machine], mtu: int = MTU) -> None:
        self.machines = machines
        self._mtu = mtu
        for responder in [self._respond(machine) for machine in machines]:
            assert responder.stdout is not None
            assert responder.stdout.readline() == b"ready\n"

    def machine(self, number: int) -> Machine:
        """Return a machine by its number, from 1."""
        return self.machines[number - 1]

    def probed(self, number: int, timeout: float = 1.0, attempts: int = 2) -> list[dict[str, Any]]:
        """What one container sees of all the others."""
        own = self.machine(number)
        peers = [
            (f"host{other.number}", other.container_ip)
            for other in self.machines
            if other is not own
        ]
        task = json.dumps((own.container_ip, PORT, 5, timeout, attempts, peers))
        seen: list[dict[str, Any]] = json.loads(_python(own.container, _PROBE, task))
        return seen

    def verify(self, timeout: float = 1.0, attempts: int = 2) -> dict[str, Any]:
        """Let all containers probe all others at once, and judge what they saw."""
        numbers = [machine.number for machine in self.machines]
        with ThreadPoolExecutor(len(numbers)) as pool:
            probed = list(pool.map(lambda number: self.probed(number, timeout, attempts), numbers))
        results = [
            {
                "name": f"host{machine.number}",
                "started": {"address": machine.container_ip, "prefix_length": 24, "mtu": self._mtu},
                "probed": {"observations": observations},
                "absent": {"sources": json.loads(_python(machine.container, _SOURCES, str(PORT)))},
            }
            for machine, observations in zip(self.machines, probed, strict=True)
        ]
        return verification(results, "2026-01-31T12:00:00+00:00", "2026-01-31T12:00:09+00:00")

    def throughput(self, source: int, destination: int) -> float:
        """Mbit/s from one container to another."""
        peer = self.machine(destination).container_ip
        return float(_python(self.machine(source).container, _THROUGHPUT, peer, str(PORT)))

    def _respond(self, machine: Machine) -> Popen[bytes]:
        return machine.container.spawn(
            *(sys.executable, "-c", _RESPOND, f"host{machine.number}", str(PORT)),
            env={"PYTHONPATH": str(_COLLECTIONS)},
            stdout=-1,
        )


def _python(namespace: Namespace, program: str, *arguments: str) -> str:
    done = namespace.run(
        *("env", f"PYTHONPATH={_COLLECTIONS}", sys.executable, "-c", program, *arguments),
        timeout=110,
    )
    return done.stdout


def raise_fleet(made: Namespaces, count: int) -> ProbedFleet:
    """Raise machines that route to each other, and their responders."""
    return ProbedFleet(raise_routed(made, count))
