# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tries every way from this host to the others, and prints what it found as JSON.

Each host has two containers with a web server that answers with its caller's address; the port of
one is published. An unknown sender is
a namespace of its own with a link to the underlay and a route to
the containers by way of their host, but without a lease.

Arguments: the hosts as a JSON object of name to `underlay` and `container`, and this host's name.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date
from ipaddress import IPv4Interface, IPv4Network
from typing import Any

_PUBLISHED_PORT = 9090
_PORT = 8080
_SECONDS = 2
_NAMESPACE = "stranger"
_LINK = "stranger0"
# Further than any host of a lab from its underlay's first addresses.
_STRANGERS_OFFSET = 100

_GET = """
import sys, urllib.request
print(urllib.request.urlopen(sys.argv[1], timeout=float(sys.argv[2])).read().decode().strip())
"""


def main() -> int:
    """Try everything; return 1 where something is not as it should be."""
    hosts: dict[str, dict[str, str]] = json.loads(sys.argv[1])
    own = hosts[sys.argv[2]]
    others = {name: host for name, host in hosts.items() if name != sys.argv[2]}
    with _stranger(own["underlay"], others.values()) as stranger, ThreadPoolExecutor(16) as pool:
        tries = [
            (f"{what} to {name}", expected, pool.submit(_output, *command))
            for name, other in others.items()
            for what, expected, command in _ways(own, other, stranger)
        ]
    flaws, passed = [], []
    for what, expected, found in tries:
        if found.result() in expected:
            passed.append(what)
        else:
            flaws.append(f"{what}: {found.result()!r}, not one of {expected}")
    if flaws:
        print("\n".join(flaws), file=sys.stderr)
        return 1
    print(json.dumps({**_software(), "date": f"{date.today()}", "passed": passed}))
    return 0


def _ways(
    own: dict[str, str], other: dict[str, str], stranger: str
) -> Iterator[tuple[str, tuple[str | None, ...], tuple[str, ...]]]:
    """Each way to another host: its name, the source addresses that are right, the command.

    None is right where nothing may arrive.
    """
    inside = _url(other["container"], _PORT)
    outside = _url(other["underlay"], _PUBLISHED_PORT)
    container = ("docker", "exec", "unpublished", "wget", "-q", "-T", str(_SECONDS), "-O", "-")
    process = (sys.executable, "-c", _GET)
    namespace = ("ip", "netns", "exec", _NAMESPACE)
    subnet, bridge = _subnet(own), _subnet(other)[1]
    seconds = str(_SECONDS)
    yield "a container", (own["container"],), (*container, inside)
    yield (
        "a process of the host",
        (str(subnet[0]),),
        (*process, inside, seconds),
    )
    # Masquerade, and the published port: to the underlay a container is its host.
    yield "a container, from outside", (own["underlay"],), (*container, outside)
    yield (
        "an unknown sender, a published port",
        (stranger,),
        (*namespace, *process, outside, seconds),
    )
    yield "an unknown sender, an unpublished port", (None,), (*namespace, *process, inside, seconds)
    # It has the route: what closes the port is the firewall.
    ping = ("sh", "-c", f"ping -c 1 -W {seconds} {bridge} >/dev/null")
    yield "an unknown sender, the bridge", ("",), (*namespace, *ping)


def _subnet(host: dict[str, str]) -> IPv4Network:
    return IPv4Interface(f"{host['container']}/24").network


def _url(address: str, port: int) -> str:
    return f"http://{address}:{port}/cgi-bin/source"


def _output(*command: str) -> str | None:
    """What a command prints, None where it fails."""
    done = subprocess.run(command, capture_output=True, check=False, text=True)
    return None if done.returncode else done.stdout.strip()


@contextmanager
def _stranger(underlay: str, hosts: Iterable[dict[str, str]]) -> Iterator[str]:
    """A namespace on the underlay with the address that is yielded; gone in the end."""
    network = IPv4Interface(f"{underlay}/24").network
    address = str(IPv4Interface(underlay).ip + _STRANGERS_OFFSET)
    _run("ip", "netns", "add", _NAMESPACE)
    try:
        link = ("link", "add", _LINK, "link", "eth0", "netns", _NAMESPACE, "type", "macvlan")
        _run("ip", *link, "mode", "bridge")
        inside = ("ip", "-n", _NAMESPACE)
        _run(*inside, "address", "add", f"{address}/{network.prefixlen}", "dev", _LINK)
        _run(*inside, "link", "set", _LINK, "up")
        for host in hosts:
            _run(*inside, "route", "add", str(_subnet(host)), "via", host["underlay"])
        yield address
    finally:
        _run("ip", "netns", "delete", _NAMESPACE)


def _software() -> dict[str, Any]:
    """What this host is made of."""
    status = json.loads(_run("weftctl", "status", "--json"))["agent"]
    help_text = _run("dockerd", "--help")
    in_kernel = json.loads(_run("ip", "-json", "link", "show", "type", "vxlan"))
    return {
        "backend": status["backend"],
        "datapath": "kernel" if in_kernel or status["backend"] == "host-gw" else "userspace",
        "docker": _run("docker", "version", "--format", "{{.Server.Version}}").split("+")[0],
        "iptables": "legacy" if "(legacy)" in _run("iptables", "--version") else "nft",
        "offers_nftables": "--firewall-backend" in help_text,
    }


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, check=False, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
