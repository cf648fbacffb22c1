# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the kernel of a host holds for the kernel's vxlan datapath, read with iproute2."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from .agent_hosts import AgentHost

DEVICE = "flannel.1"


@dataclass(frozen=True)
class LaidPeer:
    """The three entries of a peer: a route via the subnet's base, its MAC, the MAC's host."""

    subnet: str
    mac: str
    public_ip: str


@dataclass(frozen=True)
class LaidDevice:
    """The device as it stands; `details` are what cannot change while it lives."""

    up: bool
    mtu: int
    mac: str
    addresses: tuple[str, ...]
    details: tuple[tuple[str, Any], ...]


def mac_of(host_number: int) -> str:
    return f"02:77:0a:a8:00:{10 + host_number:02x}"


def laid_peers(host: AgentHost) -> set[LaidPeer]:
    """Return what routes of weft, neighbours and FDB together lay; half a peer has gaps."""
    neighbours = {
        entry["dst"]: entry["lladdr"]
        for entry in _json(host, "ip", "-j", "neigh", "show", "dev", DEVICE, "nud", "permanent")
    }
    fdb = {
        entry["mac"]: entry["dst"]
        for entry in _json(host, "bridge", "-j", "fdb", "show", "dev", DEVICE)
        if entry["state"] == "permanent"
    }
    routes = {
        route["dst"]: route["gateway"]
        for route in _json(host, "ip", "-j", "route", "show", "proto", "87", "dev", DEVICE)
        if "onlink" in route["flags"]
    }
    laid = set()
    for subnet, gateway in routes.items():
        mac = neighbours.pop(gateway, "")
        laid.add(LaidPeer(subnet, mac, fdb.get(mac, "")))
    unused = fdb.keys() - {peer.mac for peer in laid}
    laid |= {LaidPeer(f"neighbour {base}", mac, "") for base, mac in neighbours.items()}
    return laid | {LaidPeer("FDB", mac, fdb[mac]) for mac in unused}


def laid_device(host: AgentHost) -> LaidDevice | None:
    """Return the device, None where there is none."""
    found = host.namespace.run("ip", "-j", "-d", "address", "show", "dev", DEVICE, check=False)
    if found.returncode != 0:
        return None
    (link,) = json.loads(found.stdout)
    data = link["linkinfo"].get("info_data", {})
    return LaidDevice(
        up="UP" in link["flags"],
        mtu=link["mtu"],
        mac=link["address"],
        addresses=tuple(f"{entry['local']}/{entry['prefixlen']}" for entry in link["addr_info"]),
        details=tuple(
            (key, data[key]) for key in ("id", "link", "local", "port", "learning") if key in data
        ),
    )


def _json(host: AgentHost, *command: str) -> list[dict[str, Any]]:
    done = host.namespace.run(*command, check=False)
    entries: list[dict[str, Any]] = json.loads(done.stdout or "[]")
    return [entry for entry in entries if entry]
