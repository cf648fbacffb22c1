# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts of the vxlan backend: with our datapath, and with the kernel's device as by flannel."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .namespaces import Namespace, Namespaces
from .overlay_hosts import UNDERLAY_MTU, Host, Machine, raise_machine

VNI = 1
VXLAN_DEVICE = f"flannel.{VNI}"
VXLAN_PORT = 8472
VXLAN_MTU = UNDERLAY_MTU - 50


def vtep_mac(machine: Machine) -> str:
    return f"02:77:0a:a8:00:{10 + machine.number:02x}"


@dataclass
class VxlanHost(Host):
    """A machine with a datapath of the vxlan backend."""

    def backend(self) -> dict[str, Any]:
        return {
            "backend": "vxlan",
            "device": VXLAN_DEVICE,
            "port": VXLAN_PORT,
            "mtu": VXLAN_MTU,
            "vni": VNI,
            "vtep_mac": vtep_mac(self),
        }

    def peer(self, peer: Machine) -> dict[str, Any]:
        return {**super().peer(peer), "vtep_mac": vtep_mac(peer)}


@dataclass
class KernelVxlanHost(Machine):
    """A machine with a kernel's device (flannel: pkg/backend/vxlan/device.go)."""

    def make_device(self) -> None:
        """Create the device, with its address."""
        self.namespace.ip(
            *("link", "add", VXLAN_DEVICE, "address", vtep_mac(self), "mtu", str(VXLAN_MTU)),
            *("type", "vxlan", "id", str(VNI), "dev", "eth0", "local", self.public_ip),
            *("dstport", str(VXLAN_PORT), "nolearning"),
        )
        self.namespace.ip("address", "add", f"{self.base}/32", "dev", VXLAN_DEVICE)
        self.namespace.ip("link", "set", VXLAN_DEVICE, "up")

    def add_peer(self, peer: Machine) -> None:
        """Add the three entries of a peer, as flannel does for a lease."""
        device, mac = ("dev", VXLAN_DEVICE), vtep_mac(peer)
        self.namespace.ip("neigh", "add", peer.base, "lladdr", mac, *device, "nud", "permanent")
        self.namespace.run("bridge", "fdb", "add", mac, *device, "dst", peer.public_ip)
        self.namespace.ip("route", "add", peer.subnet, "via", peer.base, *device, "onlink")


def raise_vxlan_host(made: Namespaces, underlay: Namespace, folder: Path, number: int) -> VxlanHost:
    """Create a machine with our datapath, running but without a table yet."""
    own = folder / f"host{number}"
    own.mkdir()
    host = VxlanHost(*raise_machine(made, underlay, number, VXLAN_MTU), own)
    host.start()
    return host


def raise_kernel_host(made: Namespaces, underlay: Namespace, number: int) -> KernelVxlanHost:
    """Create a machine with a kernel's device that has no peer yet."""
    host = KernelVxlanHost(*raise_machine(made, underlay, number, VXLAN_MTU))
    host.make_device()
    return host
