# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host as dockerd leaves it: a bridge with a container, and the rules recorded from a Docker.

    remote --- flannel0 [ host ] docker0 --- container
                           | eth0
                        stranger

A veth pair stands for the overlay's device. The rules in `recorded/` are what iptables-save
printed on a host that had two containers, the second with its port 8080 published as 9090.
"""

from __future__ import annotations

import sys
from ipaddress import IPv4Network
from pathlib import Path

from ansible_collections.weft.overlay.plugins.module_utils.weft.kernel.firewall import (
    OverlayTraffic,
)

from .namespaces import Namespace, Namespaces

RECORDED = Path(__file__).parent / "recorded"
DOCKERS = ("20.10", "26.1", "28.5")

TRAFFIC = OverlayTraffic(IPv4Network("100.96.0.0/16"), IPv4Network("100.96.2.0/24"), ("flannel0",))
UNPUBLISHED = "100.96.2.2"
PUBLISHED = "100.96.2.3"
REMOTE = "100.96.1.2"
# A stranger may claim an address of the overlay, but has no device of it to come by.
CLAIMED = "100.96.1.9"
HOST = "192.0.2.12"
STRANGER = "192.0.2.99"
PORT, PUBLISHED_PORT = 8080, 9090

# Answers each connection with the address that it came from.
_SERVER = """
import socket, sys
with socket.create_server(("0.0.0.0", int(sys.argv[1]))) as server:
    print("ready", flush=True)
    while True:
        connection, peer = server.accept()
        with connection:
            connection.sendall(peer[0].encode())
"""

_CLIENT = """
import socket, sys
target, source = (sys.argv[1], int(sys.argv[2])), (sys.argv[3], 0)
with socket.create_connection(target, timeout=2.5, source_address=source) as client:
    print(client.recv(64).decode())
"""


class DockerHost:
    """The host and those around it; every one of them listens on PORT."""

    def __init__(self, made: Namespaces, docker: str) -> None:
        self._rules = (RECORDED / f"docker-{docker}.rules").read_text(encoding="utf-8")
        self.host = made.add("host")
        self.container = made.add("container")
        self.remote = made.add("remote")
        self.stranger = made.add("stranger")
        self._wire(made)
        for namespace in (self.container, self.remote, self.stranger):
            listener = namespace.spawn(sys.executable, "-c", _SERVER, str(PORT), stdout=-1)
            assert listener.stdout is not None
            assert listener.stdout.readline() == b"ready\n"

    def _wire(self, made: Namespaces) -> None:
        self.host.ip("link", "add", "docker0", "type", "bridge")
        self.host.ip("link", "set", "docker0", "up")
        made.join(self.host, "veth0", self.container, "eth0")
        self.host.ip("link", "set", "veth0", "master", "docker0")
        made.join(self.host, "flannel0", self.remote, "eth0")
        made.join(self.host, "eth0", self.stranger, "eth0")
        for namespace, device, *addresses in (
            (self.host, "docker0", "100.96.2.1/24"),
            (self.host, "flannel0", "100.96.2.0/32"),
            (self.host, "eth0", f"{HOST}/24"),
            (self.container, "eth0", f"{UNPUBLISHED}/24", f"{PUBLISHED}/24"),
            (self.remote, "eth0", f"{REMOTE}/16"),
            (self.stranger, "eth0", f"{STRANGER}/24", f"{CLAIMED}/32"),
        ):
            for address in addresses:
                namespace.ip("address", "add", address, "dev", device)
        self.host.ip("route", "add", "100.96.0.0/16", "dev", "flannel0")
        self.container.ip("route", "add", "default", "via", "100.96.2.1")
        self.stranger.ip("route", "add", "100.96.2.0/24", "via", HOST)
        # No Ethernet reaches a real overlay's device, so the host answers for what is behind it.
        self.host.run("sysctl", "-q", "net.ipv4.conf.flannel0.proxy_arp=1")
        self.host.run("sysctl", "-q", "net.ipv4.ip_forward=1")

    def start_docker(self) -> None:
        """Put the recorded rules in the place of all that there are."""
        self.host.run("iptables-restore", stdin=self._rules)

    def iptables(self, command: str) -> None:
        """Change a rule as an operator or dockerd does."""
        self.host.run("iptables", *command.split())


def source_seen(client: Namespace, address: str, port: int = PORT, source: str = "") -> str | None:
    """The address that a server saw the client come from, None where it was not reached."""
    done = client.run(
        sys.executable, "-c", _CLIENT, address, str(port), source or "0.0.0.0", check=False
    )
    return done.stdout.strip() if done.returncode == 0 else None
