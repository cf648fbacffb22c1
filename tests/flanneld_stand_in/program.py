# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stand-in's command line, which is flanneld's (flannel: main.go), and its life."""

from __future__ import annotations

import argparse
import contextlib
import os
import socket
from collections.abc import Callable, Mapping
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from types import MappingProxyType

from .backend import Backend, Place
from .host_gw import HostGateway
from .links import read_interface
from .rules import add_rules
from .store import Lease, Store
from .udp import Udp
from .vxlan import Vxlan

_BACKENDS: Mapping[str, Callable[[Place], Backend]] = MappingProxyType(
    {"udp": Udp, "vxlan": Vxlan, "host-gw": HostGateway}
)
# Seconds between two looks at the leases, where flanneld is told of each change.
_INTERVAL = 0.2


def main() -> None:
    """Take this host's subnet, lay out the host, and follow the leases until killed."""
    options = _parser().parse_args()
    store = Store(options.etcd_endpoints, options.etcd_prefix)
    config = store.network()
    network, settings = IPv4Network(config["Network"]), config.get("Backend", {"Type": "udp"})
    interface = read_interface(options.iface)
    public_ip = options.public_ip or interface.address
    subnet = _own_subnet(store.leases(), public_ip)
    place = Place(network, subnet, interface, settings)
    backend = _BACKENDS[settings["Type"].lower()](place)
    store.write(Lease(subnet, public_ip, backend.backend_type, backend.backend_data))
    _write_subnet_file(options.subnet_file, network, subnet, backend.mtu, options.ip_masq)
    add_rules(network, subnet, masquerade=options.ip_masq)
    _tell_systemd("READY=1")
    while True:
        # Without its store flanneld goes on as it is.
        with contextlib.suppress(OSError):
            leases = store.leases()
            backend.follow({key: leases[key] for key in leases if key != subnet})
        backend.carry(_INTERVAL)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="flanneld", description="stands in for flanneld")
    parser.add_argument("--etcd-endpoints", required=True)
    parser.add_argument("--etcd-prefix", default="/coreos.com/network")
    parser.add_argument("--iface", required=True)
    parser.add_argument("--public-ip", type=IPv4Address)
    parser.add_argument("--ip-masq", action="store_true")
    parser.add_argument("--subnet-file", type=Path, default=Path("/run/flannel/subnet.env"))
    return parser


def _tell_systemd(words: str) -> None:
    """Tell systemd where it asks to be told (sd_notify(3))."""
    path = os.environ.get("NOTIFY_SOCKET")
    if path:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notice:
            notice.sendto(words.encode(), path.replace("@", "\0", 1))


def _own_subnet(leases: Mapping[IPv4Network, Lease], public_ip: IPv4Address) -> IPv4Network:
    """The subnet that the public IP holds; flanneld would take a free one where it holds none."""
    for subnet, lease in leases.items():
        if lease.public_ip == public_ip:
            return subnet
    raise SystemExit(f"{public_ip} holds no subnet in the store: write its lease first")


def _write_subnet_file(
    path: Path, network: IPv4Network, subnet: IPv4Network, mtu: int, masquerade: bool
) -> None:
    """Tell other tools (flannel: pkg/subnet/subnet.go, WriteSubnetFile)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        f"FLANNEL_NETWORK={network}\n"
        f"FLANNEL_SUBNET={subnet.network_address + 1}/{subnet.prefixlen}\n"
        f"FLANNEL_MTU={mtu}\n"
        f"FLANNEL_IPMASQ={str(masquerade).lower()}\n",
        encoding="utf-8",
    )
