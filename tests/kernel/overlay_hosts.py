# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts in namespaces, each with a real datapath process, a bridge and one container.

    container --- host --- underlay (a bridge) --- host --- container

The test has the role of the agent: it applies tables and sets the address, MTU and route.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen
from typing import Any

from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.process.client import (
    DatapathClient,
    DatapathUnavailableError,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.process.status import (
    Status,
)
from tests.waiting import eventually

from .namespaces import Namespace, Namespaces, counted

PACKAGE_PARENT = Path(__file__).parents[2] / "collection/plugins/module_utils"
DEVICE = "flannel0"
NETWORK = "100.96.0.0/16"
PORT = 8285
UNDERLAY_MTU = 1500
MTU = UNDERLAY_MTU - 28

_START = "import sys; from weft.datapath.process.main import run; sys.exit(run(sys.argv[1:]))"


class Numbered:
    """The addresses that follow from the number of a host."""

    number: int

    @property
    def public_ip(self) -> str:
        return f"10.168.0.{10 + self.number}"

    @property
    def subnet(self) -> str:
        return f"100.96.{self.number}.0/24"

    @property
    def base(self) -> str:
        return f"100.96.{self.number}.0"

    @property
    def container_ip(self) -> str:
        return f"100.96.{self.number}.2"


@dataclass
class Machine(Numbered):
    """Host `number`: 10.168.0.(10+number) on the underlay, 100.96.(number).0/24 behind it."""

    number: int
    underlay: Namespace
    namespace: Namespace
    container: Namespace

    def use_wire_offloads(self) -> None:
        """Make the link between this machine and the bridge a wire (`set_wire_offloads`)."""
        set_wire_offloads(self.namespace, "eth0")
        set_wire_offloads(self.underlay, f"host{self.number}")


@dataclass
class Host(Machine):
    """A machine with a datapath of the udp backend."""

    folder: Path
    table: dict[str, Any] = field(default_factory=dict)
    process: Popen[bytes] | None = None

    @property
    def client(self) -> DatapathClient:
        return DatapathClient(self.folder / "control.sock")

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text()

    def start(self) -> None:
        """Start the datapath and wait until it answers."""
        self.process = self.spawn()
        eventually(self.answers, f"the datapath of host {self.number} answers")

    def spawn(self, *options: str) -> Popen[bytes]:
        """Start a datapath process, which may fail."""
        with (self.folder / "log").open("ab") as log:
            return self.namespace.spawn(
                *(sys.executable, "-c", _START),
                *("--control", str(self.folder / "control.sock")),
                *("--state", str(self.folder / "table.json")),
                *options,
                env={"PYTHONPATH": str(PACKAGE_PARENT)},
                stderr=log,
            )

    def take_over(self) -> int:
        """Start a process in the background that takes over; return its pid."""
        starter = self.spawn("--take-over")
        assert starter.wait(timeout=60) == 0, self.log
        return self.status()["pid"]

    def answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, f"the datapath ended: {self.log}"
        try:
            return self.client.status()["pid"] == self.process.pid
        except DatapathUnavailableError:
            return False

    def kill(self) -> None:
        """Kill the datapath as kill -9 does."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def apply(self, *peers: Machine, **changes: Any) -> None:
        """Apply a table with `peers`, and configure the device as the agent would."""
        self.table = {
            "network": NETWORK,
            "subnet": self.subnet,
            "bind": self.public_ip,
            **self.backend(),
            "peers": [self.peer(peer) for peer in peers],
            **changes,
        }
        self.client.apply(self.table)
        self.configure_device()

    def backend(self) -> dict[str, Any]:
        """Return the keys of the backend in the table."""
        return {"backend": "udp", "device": DEVICE, "port": PORT, "mtu": MTU}

    def peer(self, peer: Machine) -> dict[str, Any]:
        """Return a peer of the table."""
        return {"subnet": peer.subnet, "public_ip": peer.public_ip}

    def configure_device(self) -> None:
        device = self.table["device"]
        self.namespace.ip("address", "replace", f"{self.base}/32", "dev", device)
        self.namespace.ip("link", "set", device, "mtu", str(self.table["mtu"]), "up")
        self.namespace.ip("route", "replace", NETWORK, "dev", device)

    def status(self) -> Status:
        return self.client.status()

    def drops(self) -> dict[str, int]:
        """Return the drop counters that are not zero, without that of the kernel's own IPv6."""
        drops = self.status()["counters"]["drops"]
        return {reason: count for reason, count in drops.items() if count and reason != "ipv6"}


def raise_hosts(made: Namespaces, folder: Path, count: int) -> list[Host]:
    """Create `count` hosts on one underlay, with their datapaths running but no table yet."""
    underlay = raise_underlay(made)
    hosts = []
    for number in range(1, count + 1):
        own = folder / f"host{number}"
        own.mkdir()
        host = Host(*raise_machine(made, underlay, number, MTU), own)
        host.start()
        hosts.append(host)
    return hosts


def raise_underlay(made: Namespaces) -> Namespace:
    """Create the bridge that connects the hosts."""
    underlay = made.add("underlay")
    underlay.ip("link", "add", "br0", "type", "bridge")
    underlay.ip("link", "set", "br0", "up")
    return underlay


def raise_machine(
    made: Namespaces, underlay: Namespace, number: int, mtu: int
) -> tuple[int, Namespace, Namespace, Namespace]:
    """Create the namespaces of a machine; return the first fields of `Machine`."""
    machine = Machine(number, underlay, made.add(f"host{number}"), made.add(f"container{number}"))
    attach(made, underlay, machine.namespace, f"host{number}", f"{machine.public_ip}/24")
    made.join(machine.namespace, "docker0", machine.container, "eth0")
    machine.namespace.ip("address", "add", f"100.96.{number}.1/24", "dev", "docker0")
    machine.namespace.run("sysctl", "-qw", "net.ipv4.ip_forward=1")
    machine.container.ip("address", "add", f"{machine.container_ip}/24", "dev", "eth0")
    machine.container.ip("link", "set", "eth0", "mtu", str(mtu))
    machine.container.ip("route", "add", "default", "via", f"100.96.{number}.1")
    return number, underlay, machine.namespace, machine.container


def set_wire_offloads(namespace: Namespace, device: str, *, cut: bool = True) -> None:
    """Make a veth segment GSO packets on send and coalesce on receive, as a NIC does.

    Without `cut`, make it pass GSO packets unsegmented again.
    """
    features = ("tx", "tso", "gso", "tx-udp-segmentation", "tx-udp_tnl-segmentation")
    passes, joins = ("off", "on") if cut else ("on", "off")
    switches = [word for feature in features for word in (feature, passes)]
    namespace.run("ethtool", "-K", device, *switches, "gro", joins)


def attach(
    made: Namespaces, underlay: Namespace, namespace: Namespace, port: str, address: str
) -> None:
    """Give `namespace` an interface eth0 with `address` on the underlay's bridge."""
    made.join(namespace, "eth0", underlay, port)
    underlay.ip("link", "set", port, "master", "br0")
    namespace.ip("address", "add", address, "dev", "eth0")


def wrong_checksums(*machines: Machine) -> list[int]:
    """Return the checksum error counters of `machines` and of their containers."""
    return [
        counted(namespace, name)
        for machine in machines
        for namespace in (machine.namespace, machine.container)
        for name in ("TcpInCsumErrors", "UdpInCsumErrors")
    ]
