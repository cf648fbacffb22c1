# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Three converged lab hosts, with a member of etcd and a container on each."""

from __future__ import annotations

import json
import shlex
import subprocess
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path

from lab import ssh, state
from lab.recipe import BUSYBOX_ARCHIVE, BUSYBOX_TAG
from lab.settings import Host
from tests.fleet.fleet_lab import Lab
from tests.playbook import REPOSITORY, Run, play

HOSTS = (1, 2, 3)
STORE_PREFIX = "/coreos.com/network"

_CONTAINER = "resident"
_ON_HOST = Path(__file__).with_name("on_host")
# The container answers no SIGTERM, and Docker would wait 10 s for it.
_PROVIDE = f"""
docker image inspect {BUSYBOX_TAG} >/dev/null 2>&1 || docker load --quiet -i {BUSYBOX_ARCHIVE}
docker container inspect {_CONTAINER} >/dev/null 2>&1 ||
    docker run --detach --name {_CONTAINER} --restart unless-stopped --stop-signal KILL \\
        {BUSYBOX_TAG} sleep 1000000
"""
# The host that holds the identity of the store's root, if the store asks for one.
_ACCESS_HOST = 1
_ETCDCTL = """
export ETCDCTL_API=3 scheme=http access=/etc/weft/store
if [ -e $access/root.pem ]; then
    scheme=https
    export ETCDCTL_CACERT=$access/ca.pem ETCDCTL_CERT=$access/root.pem ETCDCTL_KEY=$access/root.key
fi
for address in {}; do endpoints=$endpoints,$scheme://$address:2379; done
# An election may be under way, and a write that it meets is not tried again by etcdctl.
for attempt in 1 2 3; do
    etcdctl --command-timeout=10s --endpoints="${{endpoints#,}}" {} && exit
    sleep 2
done
exit 1
"""


class HostError(AssertionError):
    """A host does not answer, or a command on it failed."""


@dataclass(frozen=True, slots=True)
class Fleet:
    """The fleet by its lab; a host is known by its number. folder takes the inventories."""

    lab: Lab
    folder: Path
    backend: str

    def host(self, number: int) -> Host:
        """The lab's record of a host."""
        return state.require(self.lab.name).hosts[number - 1]

    def address(self, number: int) -> IPv4Address:
        """The public IP of a host."""
        return self.host(number).address

    def on(self, number: int, command: str, stdin: str = "", timeout: float = 90) -> str:
        """Run a line of shell on a host and return what it printed. Raises HostError."""
        host = self.host(number)
        try:
            done = subprocess.run(
                self._ssh(host, command),
                input=stdin,
                capture_output=True,
                text=True,
                timeout=timeout,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise HostError(f"{host.name}: {command!r} takes longer than {timeout:g} s") from error
        if done.returncode:
            raise HostError(f"{host.name}: {command!r}: {done.stdout}{done.stderr}")
        return done.stdout

    def on_each(
        self, command: str, stdin: str = "", hosts: Iterable[int] = HOSTS
    ) -> dict[int, str]:
        """Run a line of shell on several hosts at once. Raises HostError."""
        numbers = tuple(hosts)
        with ThreadPoolExecutor(len(numbers)) as pool:
            printed = pool.map(lambda number: self.on(number, command, stdin), numbers)
            return dict(zip(numbers, printed, strict=True))

    def hang_up(self, number: int) -> None:
        """End the connection to a host that is about to lose its power, or has lost it."""
        command = self._ssh(self.host(number), "true")
        subprocess.run([*command[:-2], "-O", "exit", command[-2]], capture_output=True, check=False)

    def _ssh(self, host: Host, command: str) -> tuple[str, ...]:
        program, *words = ssh.command(host, command)
        # One handshake serves all commands: the hosts' processors are for what is measured.
        shared = ("ControlMaster=auto", "ControlPersist=60", f"ControlPath={self.folder}/%C")
        return (program, *(word for option in shared for word in ("-o", option)), *words)

    def etcdctl(self, *words: str, members: Iterable[int] = HOSTS) -> str:
        """Run etcdctl as root of the store, on the host that may, against some members."""
        addresses = " ".join(str(self.address(member)) for member in members)
        return self.on(_ACCESS_HOST, _ETCDCTL.format(addresses, shlex.join(words)))

    def script(self, name: str) -> str:
        """The text of a program that runs on the hosts."""
        return (_ON_HOST / f"{name}.py").read_text(encoding="utf-8")

    def play(self, playbook: str, *arguments: str) -> Run:
        """Run a playbook of the collection against the fleet."""
        inventory = self.folder / "hosts.yml"
        inventory.write_text(self.lab.command("inventory", "--etcd", "3"), encoding="utf-8")
        return play(
            f"{REPOSITORY}/.collections:{REPOSITORY}/.venv/collections",
            self.folder,
            f"weft.overlay.{playbook}",
            *("-i", str(inventory)),
            *("-e", json.dumps({"overlay_backend": {"type": self.backend}})),
            *arguments,
        )

    def converge(self, *arguments: str) -> None:
        """Run site.yml on the whole fleet; raises AssertionError with what it printed."""
        run = self.play("site", *arguments)
        assert run.status == 0, run.output

    def provide_containers(self) -> None:
        """Start the container of each host that has none; Docker brings it back at boot."""
        self.on_each(_PROVIDE)

    @property
    def in_container(self) -> str:
        """The words of shell that run a program of a host in the network of its container."""
        inspect = "docker container inspect --format '{{.State.Pid}}'"
        return f'nsenter --net --target="$({inspect} {_CONTAINER})"'

    def container_addresses(self) -> dict[int, IPv4Address]:
        """The address of each host's container on Docker's default bridge. Raises HostError."""
        words = "{{.NetworkSettings.Networks.bridge.IPAddress}}"
        command = f"docker container inspect --format '{words}' {_CONTAINER}"
        return {number: IPv4Address(text.strip()) for number, text in self.on_each(command).items()}

    def peers(self, number: int) -> int:
        """How many peers a host's agent counts."""
        return int(json.loads(self.on(number, "weftctl status --json || true"))["agent"]["peers"])

    def says(self, number: int) -> str:
        """What `weftctl status` tells an operator who looks: its problems, if any."""
        lines = self.on(number, "weftctl status 2>&1 || true").splitlines()
        told = [
            " ".join(line.split())
            for line in lines
            if line.startswith("PROBLEM: ")
            or (line.startswith("etcd ") and "unreachable: " in line)
        ]
        return " / ".join(dict.fromkeys(told)) or "no problem"
