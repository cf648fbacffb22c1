# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hosts' network: a bridge on the machine, and a veth pair and a namespace per host."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from ipaddress import IPv4Network
from pathlib import Path

from lab import lock, paths
from lab.command import run, succeeds
from lab.errors import LabError
from lab.settings import Host, Settings

_BRIDGE_NETFILTER = Path("/proc/sys/net/bridge/bridge-nf-call-iptables")


@dataclass(frozen=True, slots=True)
class Occupied:
    """A range of addresses that this machine uses, and by what."""

    network: IPv4Network
    by: str


def conflict(underlay: IPv4Network, occupied: Iterable[Occupied]) -> Occupied | None:
    """Return what overlaps the underlay, if anything; a default route overlaps nothing."""
    for one in occupied:
        if one.network.prefixlen > 0 and one.network.overlaps(underlay):
            return one
    return None


def create(settings: Settings) -> None:
    """Make the lab's bridge, marked by its alias; raise LabError if its name or range is taken."""
    with _lock():
        if Path("/sys/class/net", settings.bridge).exists():
            raise LabError(f"an interface {settings.bridge} exists already; set --bridge")
        taken = conflict(settings.underlay, _occupied())
        if taken is not None:
            raise LabError(
                f"the underlay {settings.underlay} overlaps {taken.network} ({taken.by}) on this "
                "machine; set --underlay"
            )
        gateway = f"{settings.gateway}/{settings.underlay.prefixlen}"
        _ip(
            f"link add {settings.bridge} mtu {settings.mtu} type bridge",
            f"link set {settings.bridge} alias {_alias(settings.name)} up",
            f"addr add {gateway} brd + dev {settings.bridge}",
        )
    # Even a machine that routes leads no host out.
    Path("/proc/sys/net/ipv4/conf", settings.bridge, "forwarding").write_text("0")
    _admit(settings.bridge)


def remove(lab_name: str) -> bool:
    """Remove the lab's bridge; return whether there was one."""
    links = json.loads(run("ip", "-json", "link", "show", "type", "bridge"))
    bridges = [link["ifname"] for link in links if link.get("ifalias") == _alias(lab_name)]
    for bridge in bridges:
        _dismiss(bridge)
        _ip(f"link del {bridge}")
    return bool(bridges)


def plug(settings: Settings, host: Host, *, cut: bool) -> None:
    """Give a host a fresh namespace and link, as a machine has when it is switched on."""
    unplug(host.namespace, host.port)
    # Whoever adds the first namespace also mounts /run/netns, so one at a time.
    with _lock():
        _ip(f"netns add {host.namespace}")
    _ip(
        f"link add {host.port} mtu {settings.mtu} type veth"
        f" peer name eth0 mtu {settings.mtu} address {host.mac} netns {host.namespace}",
        f"link set {host.port} master {settings.bridge}",
    )
    _ip(
        "link set lo up",
        f"addr add {host.address}/{settings.underlay.prefixlen} brd + dev eth0",
        "link set eth0 up",
        f"route add default via {settings.gateway}",
        namespace=host.namespace,
    )
    set_link(host, up=not cut)


def unplug(namespace: str, port: str) -> None:
    """Remove a host's namespace and link, if they are there."""
    if Path("/sys/class/net", port).exists():
        _ip(f"link del {port}")
    if Path("/run/netns", namespace).exists():
        _ip(f"netns del {namespace}")


def set_link(host: Host, *, up: bool) -> None:
    """Connect or disconnect a host's link; the host's eth0 gains or loses its carrier."""
    _ip(f"link set {host.port} {'up' if up else 'down'}")


def leftovers(lab_name: str) -> tuple[tuple[str, str], ...]:
    """Return (namespace, port) of every host of a lab that has either on this machine."""
    port = re.compile(rf"ve-({lab_name}\d+)")
    namespace = re.compile(rf"{lab_name}-({lab_name}\d+)")
    namespaces = Path("/run/netns")
    present = [entry.name for entry in Path("/sys/class/net").iterdir()]
    matches = [port.fullmatch(name) for name in present]
    if namespaces.is_dir():
        matches += [namespace.fullmatch(entry.name) for entry in namespaces.iterdir()]
    hosts = sorted({match[1] for match in matches if match})
    return tuple((f"{lab_name}-{host}", f"ve-{host}") for host in hosts)


def _occupied() -> list[Occupied]:
    occupied = []
    for link in json.loads(run("ip", "-json", "-4", "addr")):
        for address in link.get("addr_info", ()):
            network = IPv4Network((address["local"], address["prefixlen"]), strict=False)
            occupied.append(Occupied(network, f"address {address['local']} of {link['ifname']}"))
    for route in json.loads(run("ip", "-json", "-4", "route", "show", "table", "all")):
        if route["dst"] != "default":
            via = route.get("dev", route.get("type", "no device"))
            occupied.append(Occupied(IPv4Network(route["dst"]), f"a route by {via}"))
    return occupied


def _admission(bridge: str) -> tuple[str, ...]:
    comment = ("-m", "comment", "--comment", "weft-lab")
    return ("FORWARD", "-i", bridge, "-o", bridge, *comment, "-j", "ACCEPT")


def _admit(bridge: str) -> None:
    """Let the hosts' packets through a machine whose firewall also filters bridged ones."""
    filtered = _BRIDGE_NETFILTER.exists() and _BRIDGE_NETFILTER.read_text().strip() == "1"
    if not filtered or shutil.which("iptables") is None:
        return
    if run("iptables", "-S", "FORWARD").split() != ["-P", "FORWARD", "ACCEPT"]:
        run("iptables", "-I", *_admission(bridge))


def _dismiss(bridge: str) -> None:
    if shutil.which("iptables") and succeeds("iptables", "-C", *_admission(bridge)):
        run("iptables", "-D", *_admission(bridge))


def _alias(lab_name: str) -> str:
    return f"weft-lab:{lab_name}"


def _ip(*commands: str, namespace: str | None = None) -> None:
    inside = () if namespace is None else ("-netns", namespace)
    run("ip", *inside, "-batch", "-", stdin="\n".join(commands) + "\n")


def _lock() -> AbstractContextManager[None]:
    return lock.held(paths.RUN / ".underlay.lock")
