# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts in namespaces that run both processes of weftd, on an underlay that has a real store.

Each host has a /run of its own, mounted for its processes alone, so that these use the paths that
they use on a real host.
"""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import CompletedProcess, Popen
from typing import Any

import pytest

from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.process.client import (
    DatapathClient,
    DatapathError,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.datapath.process.status import (
    Status as DatapathStatus,
)
from tests.store.etcd_server import EtcdMember
from tests.waiting import eventually

from .namespaces import Namespace, Namespaces, namespaces, unusable
from .overlay_hosts import MTU, PACKAGE_PARENT, Numbered, attach

PREFIX = "/coreos.com/network"
NETWORK = '{"Network": "100.96.0.0/16", "Backend": {"Type": "udp"}}'
STORE_ADDRESS = "10.168.0.1"

_WEFTD = "import sys; from weft.cli import weftd_main; sys.exit(weftd_main(sys.argv[1:]))"
_WEFTCTL = (
    "import sys; from pathlib import Path; "
    "from weft.weftctl.paths import HostPaths; from weft.weftctl.program import main; "
    "paths = HostPaths(settings=Path(sys.argv[1]), snapshot=Path(sys.argv[2])); "
    "sys.exit(main(sys.argv[3:], paths))"
)
_WITH_RUN = 'mount --bind "$0" /run && exec "$@"'


@dataclass
class AgentHost(Numbered):
    """Host `number`: 10.168.0.(10+number) on the underlay, 100.96.(number).0/24 by its lease."""

    number: int
    folder: Path
    namespace: Namespace
    container: Namespace
    settings: dict[str, Any]
    processes: dict[str, Popen[bytes]] = field(default_factory=dict)

    @property
    def run_directory(self) -> Path:
        return self.folder / "run"

    @property
    def config(self) -> Path:
        return self.folder / "weftd.json"

    @property
    def snapshot(self) -> Path:
        return self.folder / "snapshot"

    @property
    def subnet_file(self) -> Path:
        return self.run_directory / "flannel/subnet.env"

    def log(self, process: str) -> str:
        return (self.folder / f"{process}.log").read_text()

    def start(self, process: str, before: str = "") -> None:
        """Start one of weftd's processes: `agent` or `datapath`; `before` is Python for it."""
        arguments: list[str] = [process]
        if process == "agent":
            self.config.write_text(json.dumps(self.settings))
            arguments += ["--config", str(self.config), "--snapshot", str(self.snapshot)]
        with (self.folder / f"{process}.log").open("ab") as log:
            self.processes[process] = self.namespace.spawn(
                *self._program(before + _WEFTD, *arguments),
                env={"PYTHONPATH": str(PACKAGE_PARENT)},
                stderr=log,
            )

    def kill(self, process: str) -> None:
        """End it as kill -9 does."""
        self.processes[process].kill()
        self.processes[process].wait()

    def terminate(self, process: str) -> int:
        """End it as systemd does; return its exit status."""
        self.processes[process].terminate()
        return self.processes[process].wait(timeout=15)

    def weftctl(self, *arguments: str) -> CompletedProcess[str]:
        paths = (str(self.config), str(self.snapshot))
        program = self._program(_WEFTCTL, *paths, *arguments)
        environment = ("env", f"PYTHONPATH={PACKAGE_PARENT}")
        return self.namespace.run(*environment, *program, check=False)

    def status(self) -> dict[str, Any]:
        """Return what the running agent says of itself; nothing before it has said anything."""
        with contextlib.suppress(FileNotFoundError):
            document: dict[str, Any] = json.loads(
                (self.run_directory / "weft/status.json").read_text()
            )
            if document["pid"] == self.processes["agent"].pid:
                return document
        return {"ready": False, "problems": [], "lease": None, "store": {"connected": False}}

    def is_ready(self) -> bool:
        process = self.processes["agent"]
        assert process.poll() is None, f"the agent ended: {self.log('agent')}"
        return bool(self.status()["ready"])

    def await_ready(self, seconds: float = 15.0) -> None:
        try:
            eventually(self.is_ready, f"host {self.number} is ready", seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}: {self.status()}\n{self.log('agent')}") from error

    def await_problem(self, *words: str) -> None:
        """Wait until one problem of the status holds all of `words`."""

        def said() -> bool:
            problems = self.status()["problems"]
            return any(all(word in problem for word in words) for problem in problems)

        eventually(said, f"host {self.number} says {words}: {self.status()}", 15)

    def of_datapath(self) -> DatapathStatus:
        """Return what the userspace datapath says of itself. Raises DatapathError."""
        return DatapathClient(self.run_directory / "weft/datapath.sock").status()

    def peers(self) -> dict[str, str]:
        """Return the public IP of each subnet that the datapath carries to."""
        try:
            return {peer["subnet"]: peer["public_ip"] for peer in self.of_datapath()["peers"]}
        except DatapathError:
            return {}

    def told(self) -> str:
        """Return what a person wants to see of this host once a test has failed."""
        counters = "\n".join(
            f"{space.name}: {space.run('nstat', '-as').stdout}"
            for space in (self.namespace, self.container)
        )
        logs = "\n".join(f"{process}: {self.log(process)}" for process in self.processes)
        try:
            datapath = json.dumps(self.of_datapath())
        except DatapathError as error:
            datapath = str(error)
        return "\n".join((json.dumps(self.status()), datapath, counters, logs))

    def _program(self, start: str, *arguments: str) -> tuple[str, ...]:
        shell = ("sh", "-c", _WITH_RUN, str(self.run_directory))
        return (*shell, sys.executable, "-c", start, *arguments)


class Fleet:
    """An underlay with a store at 10.168.0.1, and the hosts on it."""

    def __init__(self, made: Namespaces, folder: Path) -> None:
        self._made = made
        self._folder = folder
        self.hosts: list[AgentHost] = []
        self.underlay = made.add("underlay")
        self.underlay.ip("link", "add", "br0", "type", "bridge")
        self.underlay.ip("link", "set", "br0", "up")
        self.underlay.ip("address", "add", f"{STORE_ADDRESS}/24", "dev", "br0")
        self.etcd = EtcdMember(
            "fleet",
            folder / "etcd",
            address=STORE_ADDRESS,
            inside=("ip", "netns", "exec", self.underlay.name),
        )

    def add_host(self, number: int, **settings: Any) -> AgentHost:
        """Make a host with one container; nothing runs on it yet."""
        folder = self._folder / f"host{number}"
        for name in ("weft", "flannel"):
            (folder / "run" / name).mkdir(parents=True)
        namespace = self._made.add(f"host{number}")
        container = self._made.add(f"container{number}")
        store = {"endpoints": [self.etcd.url], "timeout": 2}
        host = AgentHost(
            number,
            folder,
            namespace,
            container,
            {"store": store, "interface": ["eth0"], **settings},
        )
        attach(self._made, self.underlay, namespace, f"host{number}", f"{host.public_ip}/24")
        self._made.join(namespace, "docker0", container, "eth0")
        namespace.ip("address", "add", f"100.96.{number}.1/24", "dev", "docker0")
        namespace.run("sysctl", "-qw", "net.ipv4.ip_forward=1")
        container.ip("address", "add", f"{host.container_ip}/24", "dev", "eth0")
        container.ip("link", "set", "eth0", "mtu", str(MTU))
        container.ip("route", "add", "default", "via", f"100.96.{number}.1")
        self.hosts.append(host)
        return host

    def add_clone(self, host: AgentHost) -> Namespace:
        """Put a bare machine on the underlay that has a host's address, too."""
        clone = self._made.add(f"clone{host.number}")
        attach(self._made, self.underlay, clone, f"clone{host.number}", f"{host.public_ip}/24")
        return clone

    def publish(self, network: str = NETWORK) -> None:
        self.etcd.etcdctl("put", f"{PREFIX}/config", network)

    def publish_backend(self, backend_type: str, **options: Any) -> None:
        """Publish the usual network with another backend."""
        backend = {"Type": backend_type, **options}
        self.publish(json.dumps({"Network": "100.96.0.0/16", "Backend": backend}))

    def lease(
        self, number: int, public_ip: str | None = None, length: int = 24, **backend: Any
    ) -> None:
        """Write the lease of host `number`'s subnet as flannel does, for udp with no more."""
        value = {"PublicIP": public_ip or f"10.168.0.{10 + number}", "PublicIPv6": None, **backend}
        self.etcd.etcdctl("put", lease_key(number, length), json.dumps(value))

    def release(self, number: int, length: int = 24) -> None:
        self.etcd.etcdctl("del", lease_key(number, length))

    def compact(self) -> None:
        """Let the store forget all revisions but the newest."""
        status = json.loads(self.etcd.etcdctl("endpoint", "status", "--write-out=json").stdout)
        self.etcd.etcdctl("compact", str(status[0]["Status"]["header"]["revision"]))


@contextlib.contextmanager
def raised_fleet(folder: Path) -> Iterator[Fleet]:
    """A fleet whose store runs, without hosts; all of it goes in the end."""
    reason = unusable()
    if reason is not None:
        pytest.fail(reason)
    with namespaces() as made:
        fleet = Fleet(made, folder)
        try:
            fleet.etcd.start()
            yield fleet
        finally:
            fleet.etcd.kill()


def lease_key(number: int, length: int = 24) -> str:
    return f"{PREFIX}/subnets/100.96.{number}.0-{length}"
